"""Frozen data sets: no copies, a test part of other customers and later notes, figures, and a digest over it all."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from annotation.dedupe import components, distinct, near_pairs
from annotation.records import Record, RecordError

LENGTHS = (20, 50, 100, 200)  # code points; notes are counted up to each, and beyond the last
SHOWN = 20


class LeakError(RecordError):
    """Train and test share a customer or a copy; `pairs` are the notes' ids with the reason."""

    code = "dataset.leak"

    def __init__(self, pairs: Sequence[tuple[str, str, str]]) -> None:
        self.pairs = tuple(pairs)
        lines = "\n".join(f"  {a} ↔ {b}：{why}" for a, b, why in pairs[:SHOWN])
        super().__init__(f"训练和测试之间有 {len(pairs)} 处泄漏：\n{lines}")


@dataclass(frozen=True, slots=True)
class Plan:
    """How to split: the share of notes to test on at most, and from which similarity notes are copies."""

    test: float = 0.2
    near: float = 0.8


@dataclass(frozen=True, slots=True)
class Frozen:
    """A data set as it will stay; `facts` is what `dataset.json` says."""

    train: tuple[Record, ...]
    test: tuple[Record, ...]
    facts: dict[str, Any]


def freeze(records: Iterable[Record], plan: Plan = Plan()) -> Frozen:
    """The same records in any order give the same bytes. Raises LeakError, and RecordError where a part is empty."""
    given = list(records)
    kept = distinct(given)
    groups = _groups(kept, plan.near)
    tested = _tested(kept, groups, plan.test)
    train = tuple(r for n, r in enumerate(kept) if n not in tested)
    test = tuple(r for n, r in enumerate(kept) if n in tested)
    if not (train and test):
        raise RecordError(f"{len(kept)} 条不同的笔记分不出训练和测试：要有几个不同的客户")
    found = leaks(train, test, plan.near)
    if found:
        raise LeakError(found)
    facts = {
        "digest": hashlib.sha256(_bytes(train) + b"\0" + _bytes(test)).hexdigest(),
        "plan": asdict(plan),
        "notes": {"given": len(given), "copies": len(given) - len(kept), "groups": len(groups)},
        "train": statistics(train),
        "test": statistics(test),
    }
    return Frozen(train, test, facts)


def _groups(kept: Sequence[Record], near: float) -> list[list[int]]:
    """Notes that must stay together: near copies, and those of one customer."""
    links = [(p.first, p.second) for p in near_pairs([r.text for r in kept], near)]
    first: dict[str, int] = {}
    for at, record in enumerate(kept):
        if record.customer:
            links.append((first.setdefault(record.customer, at), at))
    return list(components(len(kept), links))


def _tested(kept: Sequence[Record], groups: Sequence[list[int]], share: float) -> set[int]:
    """Groups whose notes are latest (by their middle note), as long as they fit into the share; one at least."""

    def age(group: list[int]) -> tuple[datetime, str]:
        middle = sorted(group, key=lambda n: (_moment(kept[n]), kept[n].id))[len(group) // 2]
        return _moment(kept[middle]), kept[middle].id

    room, tested = max(1, int(len(kept) * share)), set[int]()
    for group in sorted(groups, key=age, reverse=True):
        if len(tested) + len(group) <= room:
            tested.update(group)
    return tested


def _moment(record: Record) -> datetime:
    """When it was sent, comparable; notes without a time are oldest."""
    if not record.sent_at:
        return datetime.min.replace(tzinfo=UTC)
    when = datetime.fromisoformat(record.sent_at)
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def leaks(train: Sequence[Record], test: Sequence[Record], near: float = 0.8) -> list[tuple[str, str, str]]:
    """Pairs of ids that both parts share, with why: a customer, a copy, a near copy."""
    edge = len(train)
    both = [*train, *test]
    found = [
        (both[p.first].id, both[p.second].id, f"文字相似 {p.similarity:.2f}")
        for p in near_pairs([r.text for r in both], near)
        if p.first < edge <= p.second
    ]
    seen = {r.customer: r.id for r in train if r.customer}
    found += [(seen[r.customer], r.id, f"同一客户 {r.customer}") for r in test if r.customer in seen]
    return found


def statistics(part: Sequence[Record]) -> dict[str, Any]:
    """Counts of notes (complete ones, by length, by customer) and of marks (by field, by origin, denials)."""
    marks = [m for r in part for m in r.marks]
    said = [m for m in marks if not m.denied]
    sizes = Counter(next((f"≤{n}" for n in LENGTHS if len(r.text) <= n), f">{LENGTHS[-1]}") for r in part)
    times = sorted(r.sent_at for r in part if r.sent_at)
    return {
        "notes": len(part), "complete": sum(r.complete for r in part), "marks": len(said),
        "denied": len(marks) - len(said), "customers": len({r.customer for r in part if r.customer}),
        "fields": dict(sorted(Counter(m.field for m in said).items())),
        "origins": dict(sorted(Counter(m.origin for m in marks).items())),
        "lengths": dict(sorted(sizes.items())),
        "sent_at": [times[0], times[-1]] if times else [],
    }  # fmt: skip


def save(frozen: Frozen, folder: Path) -> None:
    """`dataset.json`, `train.jsonl`, `test.jsonl`. Raises RecordError where another data set is there already."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "dataset.json"
    if file.exists() and json.loads(file.read_text(encoding="utf-8"))["digest"] != frozen.facts["digest"]:
        raise RecordError(f"{folder} 里已有另一个数据集；冻结的数据集不改，请换一个文件夹")
    for name, part in (("train", frozen.train), ("test", frozen.test)):
        (folder / f"{name}.jsonl").write_bytes(_bytes(part))
    text = json.dumps(frozen.facts, ensure_ascii=False, indent=1, sort_keys=True)
    file.write_text(text + "\n", encoding="utf-8")


def _bytes(part: Iterable[Record]) -> bytes:
    return "".join(r.line() + "\n" for r in part).encode()
