"""The inline mark-up of the guidelines: `王总说等[财政]{budget_source=政府拨款}`, one JSON line a note in `marked`.

What the mark-up cannot say (structured values, who said it) travels in `fieldnote`, and is kept where the marked words
and their value were left as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from annotation.formats import jsonl
from annotation.formats.common import Found, aside, places, restore, shown
from annotation.records import Record, RecordError, Said
from extractor.types import Span
from models.train.marks import MarkError, compile_marked

FORBIDDEN = re.compile(r"[\[\]{}]")


def write(records: Iterable[Record]) -> bytes:
    """Raises RecordError for a note with brackets, or with marks that overlap without being on the same words."""
    lines = []
    for record in records:
        row = {"id": record.id, "marked": _marked(record), "fieldnote": aside(record)}
        lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    return "".join(lines).encode()


def read(data: bytes) -> list[Record]:
    """Raises RecordError where a line is not mark-up."""
    return jsonl.each(data, _record)


def _marked(record: Record) -> str:
    if FORBIDDEN.search(record.text):
        raise RecordError(f"{record.id}：正文里有 [ ] {{ }}，行内标记写不了")
    parts: dict[Span, list[str]] = {}
    for field, start, end in places(record):
        parts.setdefault(Span(start, end), []).extend(_parts(record, field, Span(start, end)))
    out, at = "", 0
    for span, said in parts.items():
        if span.start < at:
            raise RecordError(f"{record.id}：标记互相交叉，行内标记写不了")
        out += f"{record.text[at : span.start]}[{record.text[span.start : span.end]}]{{{'; '.join(said)}}}"
        at = span.end
    return out + record.text[at:]


def _parts(record: Record, field: str, span: Span) -> list[str]:
    """One part a field on the same words; two values there are told apart aside."""
    mark = next(m for m in record.marks if shown(m) and m.field == field and span in m.spans)
    return [f"{field}{'' if mark.certain else '~'}={_value(mark, record.text)}"]


def _value(mark: Said, text: str) -> str:
    """The value as the mark-up writes it; `.` where it is the words, or more than one word can say."""
    value = mark.value
    words = [text[s.start : s.end] for s in mark.spans]
    plain = isinstance(value, str) and value.strip() == value and value and not re.search(r"[\[\]{};\n\r]", value)
    return value if plain and value not in (*words, ".") else "."  # type: ignore[return-value]


def _record(_: int, row: dict[str, Any]) -> Record:
    try:
        labelled = compile_marked(row)
    except MarkError as error:
        raise RecordError(str(error)) from None
    kept = row.get("fieldnote") or {"complete": True} | {k: row.get(k) for k in ("id", "sent_at", "customer")}
    found = [
        Found(m.field, m.start, m.end, None if m.value == "." else m.value, m.certain) for m in labelled.marks
    ]  # fmt: skip
    return _edited(restore(labelled.text, kept, found), found)


def _edited(record: Record, found: list[Found]) -> Record:
    """Values and certainty that people changed in the mark-up win over those aside."""
    now = {f.place: f for f in found}
    first: set[tuple[str, int, int]] = set()
    marks = []
    for mark in record.marks:
        place = (mark.field, *mark.spans[0]) if shown(mark) else None
        if place is None or place in first:
            marks.append(mark)
            continue
        first.add(place)
        is_now = now[place]
        if (is_now.value or ".") != _value(mark, record.text) or is_now.certain != mark.certain:
            mark = Said(mark.field, mark.spans, is_now.value, is_now.certain)
        marks.append(mark)
    return Record(
        record.id, record.text, tuple(marks), record.sent_at, record.customer, record.complete, record.contract
    )
