"""What a tenant's people said of notes, as lines that training reads (`compile_gold` in `models/train/marks.py`).

A note that an annotator closed is wholly labelled: what is not marked is not there. Of any other note only what was
decided counts: confirmed and corrected words are marks, rejected ones denials, the rest nobody has spoken about.
Decisions that a policy took alone, inferred values and erased notes are left out.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, select

from models.labels import FIELDNOTE
from service.store.annotation_tables import annotation_tasks as tasks
from service.store.shadows import BY_RULE, DECIDED
from service.store.tables import decisions, extractions, notes, suggestions


def write_people(connection: Connection, tenant: str, file: Path) -> dict[str, Any]:
    """One line a note, by age; `{"notes", "whole", "marks", "by_field"}` of what was written."""
    by_field: defaultdict[str, int] = defaultdict(int)
    count = whole = 0
    with file.open("w", encoding="utf-8") as lines:
        for row in _lines(connection, tenant):
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
            whole += not row["partial"]
            for mark in row["fields"]:
                by_field[mark["field"]] += 1
    return {"notes": count, "whole": whole, "marks": sum(by_field.values()), "by_field": dict(sorted(by_field.items()))}


def _lines(connection: Connection, tenant: str) -> Iterator[dict[str, Any]]:
    alone = select(decisions.c.suggestion).where(decisions.c.tenant == tenant, decisions.c.by.like(BY_RULE))
    blind = set(connection.execute(alone).scalars())
    said = _last_words(connection, tenant)
    query = (
        select(suggestions, extractions.c.note, extractions.c.contract)
        .join(extractions, extractions.c.id == suggestions.c.extraction)
        .where(suggestions.c.tenant == tenant, suggestions.c.state.in_(DECIDED))
        .order_by(suggestions.c.extraction, suggestions.c.position)
    )
    groups: defaultdict[str, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(query):
        if row.id not in blind and row.id in said:
            groups[row.note].append(row)
    closed = _closed(connection, tenant)
    mine = (notes.c.tenant == tenant) & notes.c.text.is_not(None)
    for note in connection.execute(select(notes).where(mine).order_by(notes.c.created_at, notes.c.id)):
        head = {"id": note.id, "text": note.text, "sent_at": note.sent_at, "customer": note.customer}
        if note.id in closed:
            task = closed[note.id]
            yield {**head, "contract": task.contract, "partial": False, "fields": [_final(m) for m in task.final]}
            continue
        marks = [m for s in groups[note.id] if (m := _mark(s, said[s.id], note.text)) is not None]
        if marks:
            yield {**head, "contract": groups[note.id][-1].contract, "partial": True, "fields": marks}


def _closed(connection: Connection, tenant: str) -> dict[str, Row[Any]]:
    """Closed annotation tasks by note."""
    query = select(tasks).where(tasks.c.tenant == tenant, tasks.c.state == "closed", tasks.c.final.is_not(None))
    return {row.note: row for row in connection.execute(query) if row.final is not None}


def _last_words(connection: Connection, tenant: str) -> dict[str, Row[Any]]:
    """The last decision on each suggestion."""
    query = select(decisions).where(decisions.c.tenant == tenant).order_by(decisions.c.at, decisions.c.id)
    return {row.suggestion: row for row in connection.execute(query)}


def _final(mark: dict[str, Any]) -> dict[str, Any]:
    """A mark of a closed note as a label on its first stretch of words."""
    where = [mark["evidence"][0]["start"], mark["evidence"][0]["end"]]
    return {
        "field": mark["field"], "value": mark["value"], "evidence": where, "certain": mark["certain"],
        "origin": "annotator",
    }  # fmt: skip


def _mark(suggestion: Row[Any], decision: Row[Any], text: str) -> dict[str, Any] | None:
    """A label or a denial on the words; None where the decision says nothing about words."""
    data = suggestion.data
    evidence: Sequence[dict[str, Any]] = decision.evidence or data["evidence"]
    if data["basis"] != "stated" or not evidence:
        return None
    start, end = evidence[0]["start"], evidence[0]["end"]
    value, denied = decision.value, suggestion.state == "rejected"
    if suggestion.state == "corrected" and isinstance(value, str) and suggestion.field not in FIELDNOTE.values:
        start, end = (at := text.find(value)), at + len(value)  # the words are the value: others than those suggested
        if at < 0:
            return None
    return {
        "field": suggestion.field, "value": value, "evidence": [start, end], "certain": data["certain"],
        "denied": denied, "origin": "rep", "found_by": data["sources"],
    }  # fmt: skip
