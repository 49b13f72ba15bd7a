"""Data sets: copies found, customers and near copies on one side only, the same bytes from any order."""

import random
from pathlib import Path

import pytest

from annotation.dataset import LeakError, Plan, freeze, leaks, save
from annotation.dedupe import near_pairs
from annotation.formats import FORMATS
from annotation.records import Record, RecordError, Said
from extractor.types import Span

MARK = (Said("budget_source", (Span(0, 2),), "政府拨款"),)
SYLLABLES = "王李张陈刘赵周吴徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜"


def note(n: int, text: str, customer: str | None = None, **given: object) -> Record:
    return Record(
        f"n{n:03}", text, MARK, f"2026-{1 + n // 28 % 12:02}-{1 + n % 28:02}T09:00:00+08:00", customer, **given
    )


def words(seed: int, length: int = 40) -> str:
    return "".join(random.Random(seed).choices(SYLLABLES, k=length))


def notes() -> list[Record]:
    plain = [note(n, words(n), f"客户{n % 12}") for n in range(60)]
    near = [note(100 + n, words(n)[:-1] + "。", None) for n in range(0, 60, 5)]
    exact = [note(200 + n, f" {words(n)}\n", "别家", complete=True) for n in range(3)]
    return plain + near + exact


def test_freeze_keeps_copies_and_customers_together(tmp_path: Path) -> None:
    frozen = freeze(notes(), Plan(test=0.3))
    parts = ({r.customer for r in frozen.train if r.customer}, {r.customer for r in frozen.test if r.customer})
    assert parts[0]
    assert parts[1]
    assert not parts[0] & parts[1]
    side = {r.id: part for part, rows in (("a", frozen.train), ("b", frozen.test)) for r in rows}
    assert all(side[f"n{n:03}"] == side[f"n{100 + n}"] for n in range(5, 60, 5))
    assert frozen.facts["notes"]["copies"] == 3
    assert {"n200", "n201", "n202"} <= set(side)  # of copies, the complete one stays
    assert frozen.facts["train"]["fields"] == {"budget_source": len(frozen.train)}
    save(frozen, tmp_path)
    assert FORMATS["jsonl"].read((tmp_path / "test.jsonl").read_bytes()) == list(frozen.test)


def test_any_order_same_bytes_and_frozen_means_frozen(tmp_path: Path) -> None:
    mixed = notes()
    random.Random(3).shuffle(mixed)
    first = freeze(notes())
    assert freeze(mixed) == first
    save(first, tmp_path)
    save(freeze(mixed), tmp_path)
    with pytest.raises(RecordError, match="另一个数据集"):
        save(freeze(notes()[5:]), tmp_path)


def test_leaks_name_the_pairs() -> None:
    train, test = (
        [note(1, words(1), "甲"), note(2, words(2), "乙")],
        [note(3, words(1)[1:], "丙"), note(4, words(4), "乙")],
    )
    found = leaks(train, test)
    assert [(a, b) for a, b, _ in found] == [("n001", "n003"), ("n002", "n004")]
    assert "n001 ↔ n003" in str(LeakError(found))


def test_sketches_lose_no_pair() -> None:
    """Against all pairs compared one by one."""
    texts = [words(n // 3)[: 40 - n % 3 * 2] for n in range(90)]
    pairs = {(p.first, p.second) for p in near_pairs(texts, 0.8)}
    assert pairs == {(a, b) for b in range(90) for a in range(b) if a // 3 == b // 3}


def test_one_customer_cannot_be_split() -> None:
    with pytest.raises(RecordError, match="客户"):
        freeze([note(n, words(n), "甲") for n in range(5)])
