"""What a tenant's people said of whole notes, as lines that training reads (`compile_gold` in `models/train/marks.py`).

A note counts where an annotator closed it, or else where a person decided every suggestion of its latest reading: then
what was confirmed or corrected on known words is all that the note says. Erased notes are left out.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, select

from service.store.annotation_tables import annotation_tasks as tasks
from service.store.shadows import BY_RULE, DECIDED
from service.store.tables import decisions, extractions, notes, suggestions


def write_people(connection: Connection, tenant: str, file: Path) -> dict[str, Any]:
    """One line a note, by age; `{"notes", "marks", "by_field"}` of what was written."""
    by_field: defaultdict[str, int] = defaultdict(int)
    count = 0
    with file.open("w", encoding="utf-8") as lines:
        for row in _lines(connection, tenant):
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
            for mark in row["fields"]:
                by_field[mark["field"]] += 1
    return {"notes": count, "marks": sum(by_field.values()), "by_field": dict(sorted(by_field.items()))}


def _lines(connection: Connection, tenant: str) -> Iterator[dict[str, Any]]:
    alone = select(decisions.c.suggestion).where(decisions.c.tenant == tenant, decisions.c.by.like(BY_RULE))
    blind = set(connection.execute(alone).scalars())
    said, closed = _last_words(connection, tenant), _closed(connection, tenant)
    query = (
        select(suggestions, extractions.c.note)
        .join(extractions, extractions.c.id == suggestions.c.extraction)
        .where(suggestions.c.tenant == tenant, suggestions.c.state != "superseded")
        .order_by(suggestions.c.extraction, suggestions.c.position)
    )
    groups: defaultdict[str, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(query):
        groups[row.note].append(row)
    for note in connection.execute(select(notes).where(notes.c.tenant == tenant).order_by(notes.c.created_at)):
        group = groups.get(note.id, [])
        whole = group and all(s.state in DECIDED and s.id not in blind for s in group)
        if note.text is None or not (whole or note.id in closed):
            continue
        marks = closed.get(note.id)
        if marks is None:
            marks = [m for s in group if (m := _mark(s, said.get(s.id))) is not None]
        yield {"id": note.id, "text": note.text, "sent_at": note.sent_at, "fields": marks}


def _closed(connection: Connection, tenant: str) -> dict[str, list[dict[str, Any]]]:
    """Labels of the notes that annotators closed."""
    query = select(tasks).where(tasks.c.tenant == tenant, tasks.c.state == "closed", tasks.c.final.is_not(None))
    return {row.note: [_label(m) for m in row.final if m["evidence"]] for row in connection.execute(query)}


def _label(mark: dict[str, Any]) -> dict[str, Any]:
    first = mark["evidence"][0]
    where = [first["start"], first["end"]]
    return {"field": mark["field"], "value": mark["value"], "evidence": where, "certain": mark.get("certain", True)}


def _last_words(connection: Connection, tenant: str) -> dict[str, Row[Any]]:
    """The last decision on each suggestion."""
    query = select(decisions).where(decisions.c.tenant == tenant).order_by(decisions.c.at, decisions.c.id)
    return {row.suggestion: row for row in connection.execute(query)}


def _mark(suggestion: Row[Any], decision: Row[Any] | None) -> dict[str, Any] | None:
    """A label on the words; None for what was rejected, inferred, or is on no words."""
    data = suggestion.data
    if suggestion.state == "rejected" or decision is None or data["basis"] != "stated":
        return None
    evidence: Sequence[dict[str, Any]] = decision.evidence or data["evidence"]
    if not evidence:
        return None
    where = [evidence[0]["start"], evidence[0]["end"]]
    return {"field": suggestion.field, "value": decision.value, "evidence": where, "certain": data["certain"]}
