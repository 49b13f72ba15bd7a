"""What every foreign format shares: spans are the format's own, all else travels aside and is matched on the way back.

People may edit spans in the other tool: a mark whose words were all left as they were keeps everything said of it, one
whose words went is gone, and words that are new become a mark of an annotator.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from annotation.records import Record, RecordError, Said, checked, record_from
from extractor.types import Json, Span

Place = tuple[str, int, int]  # field, start, end


@dataclass(frozen=True, slots=True)
class Found:
    """A label that the other tool has on `[start, end)`; `value` None where it knows the words alone."""

    field: str
    start: int
    end: int
    value: Json = None
    certain: bool = True

    @property
    def place(self) -> Place:
        return self.field, self.start, self.end


def decoded(data: bytes) -> str:
    """A file's text, without a byte order mark. Raises RecordError where it is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecordError(f"第 {data.count(10, 0, error.start) + 1} 行不是 UTF-8") from None


def shown(mark: Said) -> bool:
    """Whether the mark is one that span formats show: it is on words, and is not a denial."""
    return bool(mark.spans) and not mark.denied


def places(record: Record) -> list[Place]:
    """Every labelled stretch once, by position, longer ones first."""
    all_of = {(m.field, s.start, s.end) for m in record.marks if shown(m) for s in m.spans}
    return sorted(all_of, key=lambda p: (p[1], -p[2], p[0]))


def aside(record: Record) -> dict[str, Json]:
    """All of a record but its text."""
    return {key: value for key, value in record.to_json().items() if key != "text"}


def restore(text: str, kept: Mapping[str, Any], found: Iterable[Found]) -> Record:
    """The record of `aside`, with the spans as they are now. Raises RecordError where one lies outside of the text."""
    before = record_from({**kept, "marks": kept.get("marks", []), "text": text})
    now = {f.place: f for f in found}
    marks, used = list[Said](), set[Place]()
    for mark in before.marks:
        own = [(mark.field, s.start, s.end) for s in mark.spans]
        if not shown(mark) or all(place in now for place in own):
            marks.append(mark)
            used.update(own if shown(mark) else ())
    fresh = [f for place, f in now.items() if place not in used]
    marks += [Said(f.field, (Span(f.start, f.end),), f.value, f.certain) for f in fresh]
    return checked(
        Record(before.id, text, tuple(marks), before.sent_at, before.customer, before.complete, before.contract)
    )
