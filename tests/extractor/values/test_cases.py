"""Each way of saying it in cases.yaml, and what no text may break."""

from __future__ import annotations

import random
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from extractor.values.finder import find_values
from extractor.values.render import found_json
from tests.conftest import SENT_AT

CASES = yaml.safe_load((Path(__file__).parent / "cases.yaml").read_text(encoding="utf-8"))
PIECES = (
    "下周 三 五 半 个 月 年 底 前 后 末 Q 2 万 亿 百 十 来 多 几 两 到 - 至 . ， 每 号 日 点 分 上午 下 初 旬 季度 "
    "春节 中秋 不超过 最快 左右 台 人 元 w ８ ％ 138 0013 8000 转 021 財 😀 𠮷 \r\n \u200f \ud800 \ue001 İ 零 〇 负"
).split(" ")
JUMBLE = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


def shown(case: dict) -> dict:
    """The expectation in the form of the interface: a day stands for its midnight."""
    keys = case.keys() - {"text", "words", "type"}
    value = {k: f"{v.isoformat()}T00:00:00" if isinstance(v, date) else v for k, v in case.items() if k in keys}
    return {"type": case["type"], "text": case.get("words", case["text"]), "value": value}


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["text"])
def test_case(case: dict):
    want = [] if case["type"] == "none" else [shown(case)]
    found = [found_json(f) for f in find_values(case["text"], SENT_AT) if f.type != "number"]
    keys = [w["value"].keys() for w in want] or [()]
    got = [{"type": f["type"], "text": f["text"], "value": {k: f["value"].get(k) for k in keys[0]}} for f in found]
    assert got == want


def check(text: str) -> None:
    found = find_values(text, SENT_AT)
    assert found == find_values(text, SENT_AT)
    for item in found:
        assert 0 <= item.span.start < item.span.end <= len(text)
        assert item.text == text[item.span.start : item.span.end]
        found_json(item)
    phones = [f.span for f in found if f.type == "phone"]
    assert not any(p.overlaps(f.span) for p in phones for f in found if f.type != "phone")
    whole = [f.span for f in found if f.type != "number"]  # a number may be part of another value
    assert not any(a.overlaps(b) for a, b in pairwise(sorted(whole)))


@settings(deadline=None, max_examples=300)
@given(JUMBLE | st.text(st.characters(codec=None), max_size=40))
def test_any_text_is_read_and_spans_are_exact(text: str):
    check(text)


@settings(deadline=None, max_examples=50)
@given(JUMBLE, st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2090, 1, 1)))
def test_any_reference_time(text: str, now: datetime):
    for item in find_values(text, now):
        found_json(item)


@pytest.mark.heavy
def test_a_million_random_strings():
    rng = random.Random(7)
    for n in range(1_000_000):
        text = "".join(rng.choices(PIECES, k=rng.randint(0, 8)))
        if n % 50 == 0:
            text += "".join(chr(rng.randrange(1, 0x2FFFF)) for _ in range(8))
        for item in find_values(text, SENT_AT):
            assert text[item.span.start : item.span.end] == item.text
