"""What a tenant's people said, note by note: decisions of reps, and the whole of notes that annotators closed.

Taken back and expired suggestions say nothing, nor does what policy confirmed alone. Erased notes are left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from annotation.records import Record, Said
from extractor.types import Span
from models.labels import FIELDNOTE
from service.store.annotation_tables import annotation_tasks as tasks
from service.store.database import new_id, now
from service.store.shadows import BY_RULE, DECIDED
from service.store.tables import decisions, extractions, notes, suggestions


def examples(connection: Connection, tenant: str) -> Iterator[Record]:
    """One record a note of which somebody said something, by the note's age."""
    closed = select(tasks).where(tasks.c.tenant == tenant, tasks.c.state == "closed", tasks.c.final.is_not(None))
    whole = {row.note: row for row in connection.execute(closed)}
    said, contracts = _decided(connection, tenant)
    query = select(notes).where(notes.c.tenant == tenant, notes.c.text.is_not(None))
    for note in connection.execute(query.order_by(notes.c.created_at, notes.c.id)):
        if (task := whole.get(note.id)) is not None:
            marks = tuple(_annotated(m, task) for m in task.final)
            yield _record(note, marks, contract=task.contract, complete=True)
        elif note.id in said:
            yield _record(note, tuple(said[note.id]), contract=contracts[note.id], complete=False)


def _record(note: Row[Any], marks: tuple[Said, ...], *, contract: str, complete: bool) -> Record:
    return Record(note.id, note.text, marks, note.sent_at, note.customer, complete, contract)


def _annotated(mark: Mapping[str, Any], task: Row[Any]) -> Said:
    certain, at = mark.get("certain", True), task.closed_at.isoformat()
    return Said(mark["field"], _spans(mark["evidence"]), mark["value"], certain, by=task.closed_by, at=at)


def _decided(connection: Connection, tenant: str) -> tuple[dict[str, list[Said]], dict[str, str]]:
    """Marks by note from each suggestion's last decision, and the contract they were made under."""
    query = select(decisions).where(decisions.c.tenant == tenant, decisions.c.by.not_like(BY_RULE))
    last = {row.suggestion: row for row in connection.execute(query.order_by(decisions.c.at, decisions.c.id))}
    wanted = (
        select(suggestions, extractions.c.note, extractions.c.contract, notes.c.text)
        .join(extractions, extractions.c.id == suggestions.c.extraction)
        .join(notes, notes.c.id == extractions.c.note)
        .where(suggestions.c.tenant == tenant, suggestions.c.state.in_(DECIDED))
        .order_by(suggestions.c.created_at, suggestions.c.position)
    )
    said: defaultdict[str, list[Said]] = defaultdict(list)
    contracts: dict[str, str] = {}
    for row in connection.execute(wanted):
        if row.id in last:
            said[row.note].append(_said(row, last[row.id]))
            contracts[row.note] = row.contract
    return said, contracts


def _said(row: Row[Any], decision: Row[Any]) -> Said:
    """Confirmed and corrected values hold; a rejected one is denied on its words."""
    data = row.data
    return Said(
        row.field, _words(row, decision), decision.value, data["certain"], data["basis"],
        (data.get("claim") or {}).get("status", "stated"), "rep", decision.by, decision.at.isoformat(),
        denied=row.state == "rejected",
    )  # fmt: skip


def _words(row: Row[Any], decision: Row[Any]) -> tuple[Span, ...]:
    """Where the value stands: as the person said; for other words put in place of the suggested ones, where they are.

    None where the note does not hold them.
    """
    value, own_words = decision.value, row.field not in FIELDNOTE.values
    if row.state == "corrected" and not decision.evidence and own_words and isinstance(value, str):
        at = (row.text or "").find(value)
        return (Span(at, at + len(value)),) if at >= 0 else ()
    return _spans(decision.evidence or row.data["evidence"])


def _spans(evidence: Sequence[Mapping[str, int]]) -> tuple[Span, ...]:
    return tuple(Span(e["start"], e["end"]) for e in evidence)


def note_of(connection: Connection, tenant: str, note: str) -> Row[Any] | None:
    """A note of the tenant that still has its text."""
    query = select(notes).where(notes.c.id == note, notes.c.tenant == tenant, notes.c.text.is_not(None))
    return connection.execute(query).first()


def close_note(connection: Connection, note: Row[Any], marks: list[dict[str, Any]], *, by: str, contract: str) -> None:
    """The note is fully labelled by somebody elsewhere; said again, the newest word counts."""
    ended = {"state": "closed", "outcome": "imported", "final": marks, "closed_by": by, "closed_at": now()}
    known = (tasks.c.tenant == note.tenant) & (tasks.c.note == note.id)
    if connection.execute(update(tasks).where(known).values(**ended)).rowcount:
        return
    fresh = {"id": new_id(), "tenant": note.tenant, "note": note.id, "position": 0, "strategy": "imported"}
    connection.execute(
        insert(tasks).values(**fresh, double=False, contract=contract, created_at=now(), **ended)
    )  # fmt: skip


def unlabelled(connection: Connection, tenant: str, limit: int) -> Sequence[Row[Any]]:
    """The newest notes that nobody answered for as a whole."""
    closed = select(tasks.c.note).where(tasks.c.tenant == tenant, tasks.c.state == "closed")
    query = select(notes).where(notes.c.tenant == tenant, notes.c.text.is_not(None), notes.c.id.not_in(closed))
    return connection.execute(query.order_by(notes.c.created_at.desc(), notes.c.id.desc()).limit(limit)).all()
