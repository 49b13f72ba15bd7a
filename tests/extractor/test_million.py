"""A million random strings through the whole engine: nothing raises, evidence is an exact slice."""

from __future__ import annotations

import os
import random
from concurrent.futures import ProcessPoolExecutor

import pytest

from extractor.pipeline import load_engine
from extractor.render import result_json
from extractor.types import Note
from tests.conftest import SENT_AT

PIECES = (
    "王总 李工 说 要等 财政拨款 下周 三 Q2 末 不对 ， 。 预算 八十 来 万 80w ８０ 万 自己出 不用等 听说 隔壁厂 贷款 "
    "买的 20 台 机床 MES 老掉线 合同 年底 到期 138 0013 8000 续航 400公里 扩建 两条 产线 报价 发我 拍板 竞品 "
    "两百来号人 😀 𠮷 \r\n \u200f \x00 \ud800 \ue001 İ ǆ ( ) [ ] { } \\ * + ? ^ $ |"
).split(" ")
PARTS = 20


def run(part: int, count: int) -> int:
    engine, rng = load_engine(), random.Random(part)
    for n in range(count):
        text = "".join(rng.choices(PIECES, k=rng.randint(0, 9)))
        if n % 20 == 0:
            text += "".join(chr(rng.randrange(1, 0x2FFFF)) for _ in range(10))
        result = engine.extract(Note("n", text, SENT_AT))
        for extraction in (*result.fields, *result.unsure):
            assert all(0 <= s.start < s.end <= len(text) for s in extraction.evidence)
        result_json(result)
    return count


@pytest.mark.heavy
def test_a_million_random_strings():
    with ProcessPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        assert sum(pool.map(run, range(PARTS), [1_000_000 // PARTS] * PARTS)) == 1_000_000


def test_some_thousand_random_strings():
    assert run(99, 3_000) == 3_000
