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

from annotation.dedupe import NEAR, Watch, components, conflicts, distinct, near_pairs
from annotation.formats import FORMATS
from annotation.marking import canonical
from annotation.records import Record, RecordError, gold_line

LENGTHS = (20, 50, 100, 200)  # code points; notes are counted up to each, and beyond the last
OVER = LENGTHS[-1] + 1
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
    """How to split: the share of notes to test on at most, from which similarity notes are copies, and the draw.

    A `test` of 0 leaves no part to test on. `seed` draws among notes of the same moment, so among all notes where none
    has a time.
    """

    test: float = 0.2
    near: float = NEAR
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Frozen:
    """A data set as it will stay; `facts` is what `dataset.json` says."""

    train: tuple[Record, ...]
    test: tuple[Record, ...]
    facts: dict[str, Any]


def read(files: Iterable[Path]) -> tuple[list[Record], list[dict[str, Any]]]:
    """All records of `.marked.jsonl` and `.jsonl` files, and of each file its name, SHA-256 and number of notes."""
    records, sources = list[Record](), list[dict[str, Any]]()
    for file in files:
        data = file.read_bytes()
        try:
            found = [_usable(r) for r in FORMATS["marked" if ".marked" in file.name else "jsonl"].read(data)]
        except RecordError as error:
            raise RecordError(f"{file.name}：{error}") from None
        records += found
        sources.append({"name": file.name, "sha256": hashlib.sha256(data).hexdigest(), "notes": len(found)})
    return records, sorted(sources, key=canonical)


def _usable(record: Record) -> Record:
    try:
        _moment(record)
        for words in (record.id, record.text, record.customer or ""):
            words.encode()
    except (AttributeError, TypeError, ValueError) as error:
        raise RecordError(f"{record.id!r}：时间、客户或正文读不出：{error}") from None
    return record


def freeze(records: Iterable[Record], plan: Plan = Plan(), watch: Watch = iter) -> Frozen:
    """The same records in any order give the same bytes.

    Raises LeakError, and RecordError where a part that is asked for stays empty.
    """
    given = list(records)
    kept = distinct(given)
    groups = _groups(kept, plan.near, watch)
    tested = _tested(kept, groups, plan) if plan.test else set()
    train = tuple(r for n, r in enumerate(kept) if n not in tested)
    test = tuple(r for n, r in enumerate(kept) if n in tested)
    if plan.test and not (train and test):
        raise RecordError(f"{len(kept)} 条不同的笔记分不出训练和测试：要有几个不同的客户")
    refuse_leaks(train, test, plan.near, watch)
    facts = {
        "digest": hashlib.sha256(_bytes(train) + b"\0" + _bytes(test)).hexdigest(),
        "plan": asdict(plan),
        "notes": {"given": len(given), "copies": len(given) - len(kept), "groups": len(groups)},
        "conflicts": conflicts(given),
        "train": statistics(train),
        "test": statistics(test),
    }
    return Frozen(train, test, facts)


def _groups(kept: Sequence[Record], near: float, watch: Watch) -> list[list[int]]:
    """Notes that must stay together: near copies, and those of one customer."""
    links = [(p.first, p.second) for p in near_pairs([r.text for r in kept], near, watch)]
    first: dict[str, int] = {}
    for at, record in enumerate(kept):
        if record.customer:
            links.append((first.setdefault(record.customer, at), at))
    return list(components(len(kept), links))


def _tested(kept: Sequence[Record], groups: Sequence[list[int]], plan: Plan) -> set[int]:
    """Groups whose notes are latest (by their middle note), as long as they fit into the share; one at least."""

    def age(group: list[int]) -> tuple[datetime, str]:
        middle = sorted(group, key=lambda n: (_moment(kept[n]), n))[len(group) // 2]
        drawn = hashlib.sha256(f"{plan.seed}:{kept[middle].id}".encode()).hexdigest()
        return _moment(kept[middle]), drawn

    room, tested = max(1, int(len(kept) * plan.test)), set[int]()
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


Leak = tuple[str, str, str]  # id in train, id in test, why


def leaks(train: Sequence[Record], test: Sequence[Record], near: float = NEAR, watch: Watch = iter) -> list[Leak]:
    """Pairs of ids that both parts share, with why: a customer, a copy, a near copy."""
    edge = len(train)
    both = [*train, *test]
    found = [
        (both[p.first].id, both[p.second].id, f"文字相似 {p.similarity:.2f}")
        for p in near_pairs([r.text for r in both], near, watch)
        if p.first < edge <= p.second
    ]
    seen = {r.customer: r.id for r in train if r.customer}
    found += [(seen[r.customer], r.id, f"同一客户 {r.customer}") for r in test if r.customer in seen]
    return found


def refuse_leaks(train: Sequence[Record], test: Sequence[Record], near: float = NEAR, watch: Watch = iter) -> None:
    """Raises LeakError where the parts share anything."""
    found = leaks(train, test, near, watch)
    if found:
        raise LeakError(found)


def statistics(part: Sequence[Record]) -> dict[str, Any]:
    """Counts of notes (complete ones, by length, by customer) and of marks (by field, by origin, denials)."""
    marks = [m for r in part for m in r.marks]
    said = [m for m in marks if not m.denied]
    sizes = Counter(next((n for n in LENGTHS if len(r.text) <= n), OVER) for r in part)
    times = sorted(r.sent_at for r in part if r.sent_at)
    return {
        "notes": len(part), "complete": sum(r.complete for r in part), "marks": len(said),
        "denied": len(marks) - len(said), "customers": len({r.customer for r in part if r.customer}),
        "fields": dict(sorted(Counter(m.field for m in said).items())),
        "origins": dict(sorted(Counter(m.origin for m in marks).items())),
        "lengths": {f"≤{n}" if n < OVER else f">{LENGTHS[-1]}": sizes[n] for n in sorted(sizes)},
        "sent_at": [times[0], times[-1]] if times else [],
    }  # fmt: skip


def save(frozen: Frozen, folder: Path, sources: Sequence[dict[str, Any]] = ()) -> None:
    """`train.jsonl`, `test.jsonl`, then `dataset.json`. Raises RecordError where another data set is there already.

    The files are read back as records (`FORMATS["jsonl"]`) and by training (`models.train.marks.read_notes`) alike.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "dataset.json"
    if file.exists() and json.loads(file.read_text(encoding="utf-8"))["digest"] != frozen.facts["digest"]:
        raise RecordError(f"{folder} 里已有另一个数据集；冻结的数据集不改，请换一个文件夹")
    for name, part in (("train", frozen.train), ("test", frozen.test)):
        (folder / f"{name}.jsonl").write_bytes(_bytes(part))
    text = json.dumps({**frozen.facts, "sources": list(sources)}, ensure_ascii=False, indent=1, sort_keys=True)
    file.write_text(text + "\n", encoding="utf-8")


def _bytes(part: Iterable[Record]) -> bytes:
    return "".join(canonical({**gold_line(r), **r.to_json()}) + "\n" for r in part).encode()
