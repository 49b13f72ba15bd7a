"""Notes with the engine's answers kept, many at a time: one statement per table for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from extractor.contract import Contract
from extractor.types import Json, Note
from service.store import audit, confirmed, outbox, reconfirm
from service.store.database import new_id, now
from service.store.keys import Caller
from service.store.suggestions import PENDING, Kept
from service.store.tables import extractions, notes, reconfirmations, suggestions

EXPIRES = timedelta(days=30)
UNSURE = ("field", "confidence", "sources")  # kept of a finding that is not suggested: what the annotation queue asks
Row = dict[str, Any]
_NOTES, _EXTRACTIONS, _SUGGESTIONS = insert(notes), insert(extractions), insert(suggestions)
_OLDER = (
    select(extractions.c.id, notes.c.tenant, notes.c.client_id)
    .join(notes, notes.c.id == extractions.c.note)
    .where(
        notes.c.tenant.in_(bindparam("tenants", expanding=True)),
        notes.c.client_id.in_(bindparam("ids", expanding=True)),
    )
)


@dataclass(frozen=True, slots=True)
class Answered:
    """A note that somebody sent and the engine's answer for it, under the contract it was read with."""

    caller: Caller
    note: Note
    answer: Mapping[str, Any]
    contract: Contract

    @property
    def author(self) -> str:
        return self.note.author or self.caller.name

    @property
    def places(self) -> set[tuple[str, str, str]]:
        """What a later note may have to see of this one: its customer's values, its older text."""
        tenant, note = self.caller.tenant, self.note
        found = ((tenant, "customer", note.customer or ""), (tenant, "note", note.id))
        return {place for place in found if place[2]}


@dataclass(frozen=True, slots=True)
class _Made:
    """The rows of one note."""

    item: Answered
    note: Row
    extraction: Row
    suggestions: list[Row]


def keep(connection: Connection, caller: Caller, note: Note, answer: Mapping[str, Any], contract: Contract) -> Kept:
    """Store a note with the engine's answer for it. Pending suggestions of an older text of the same note end."""
    return keep_many(connection, [Answered(caller, note, answer, contract)])[0]


def apart(items: Sequence[Answered]) -> Iterator[list[Answered]]:
    """The notes in their order, in runs of such as have nothing to do with each other."""
    run: list[Answered] = []
    seen: set[tuple[str, str, str]] = set()
    for item in items:
        if seen & item.places:
            yield run
            run, seen = [], set()
        run.append(item)
        seen |= item.places
    if run:
        yield run


def keep_many(connection: Connection, items: Sequence[Answered]) -> list[Kept]:
    """The same for notes that have nothing to do with each other (`apart`)."""
    # the audit entries first: they take the tenants' locks, so that events are numbered in the order of their commits
    # and nobody decides at the same time on what these notes supersede
    heads = audit.lock(connection, [item.caller.tenant for item in items])
    moment = now()
    made = [_rows(item, moment) for item in items]
    audit.append(connection, heads, [_entry(m) for m in made])
    _supersede(connection, items, moment)
    connection.execute(_NOTES, [m.note for m in made])
    connection.execute(_EXTRACTIONS, [m.extraction for m in made])
    if found := [row for m in made for row in m.suggestions]:
        connection.execute(_SUGGESTIONS, found)
    _ask(connection, made)
    outbox.add_many(connection, (event for m in made for event in _events(m)))
    return [_kept(m, heads[m.item.caller.tenant].settings) for m in made]


def _rows(item: Answered, moment: datetime) -> _Made:
    tenant, note, author = item.caller.tenant, item.note, item.author
    stored: Row = {
        "id": new_id(), "tenant": tenant, "client_id": note.id, "text": note.text, "sent_at": note.sent_at.isoformat(),
        "author": author, "customer": note.customer, "channel": note.channel, "created_at": moment,
    }  # fmt: skip
    extraction: Row = {
        "id": new_id(), "tenant": tenant, "note": stored["id"], "bundle": item.answer["bundle"],
        "contract": item.contract.version, "version": 1, "created_at": moment,
        "unsure": [{name: found[name] for name in UNSURE} for found in item.answer.get("unsure", ())],
    }  # fmt: skip
    rows = [
        {
            "id": new_id(), "tenant": tenant, "extraction": extraction["id"], "position": position,
            "customer": note.customer, "author": author, "field": field["field"], "data": field, "state": PENDING,
            "created_at": moment, "expires_at": moment + EXPIRES,
        }
        for position, field in enumerate(item.answer["fields"])
    ]  # fmt: skip
    return _Made(item, stored, extraction, rows)


def _entry(made: _Made) -> audit.Entry:
    caller, counts = made.item.caller, {"suggestions": len(made.suggestions)}
    return audit.Entry(caller.tenant, caller.name, "extraction.create", made.extraction["id"], counts)


def _ask(connection: Connection, made: Sequence[_Made]) -> None:
    """Confirmed values that the notes speak against are asked about again."""
    customers = [(m.item.caller.tenant, m.item.note.customer) for m in made if m.item.note.customer]
    held = confirmed.held_by(connection, customers)
    for m in made:
        tenant, note, kept = m.item.caller.tenant, m.item.note, (m.extraction["id"], m.suggestions)
        holding = held.get((tenant, note.customer or ""), ())
        reconfirm.ask(connection, tenant, note, m.item.answer, m.item.contract, kept, holding)


def _events(made: _Made) -> Iterator[tuple[str, str | None, outbox.Event]]:
    for row in made.suggestions:
        data = row["data"]
        told: dict[str, Json] = {
            "customer": row["customer"], "field": row["field"], "value": data["value"],
            "confidence": data["confidence"], "basis": data["basis"], "evidence": data["evidence"],
            "suggestion_id": row["id"], "note_id": made.note["id"],
        }  # fmt: skip
        yield row["tenant"], row["customer"], ("suggestion.created", told)


def _kept(made: _Made, settings: Mapping[str, Any]) -> Kept:
    fields = [{**row["data"], "suggestion_id": row["id"], "state": PENDING} for row in made.suggestions]
    name = made.extraction["id"]
    return Kept(name, 1, {**made.item.answer, "id": name, "note_id": made.item.note.id, "fields": fields}, settings)


def _supersede(connection: Connection, items: Sequence[Answered], moment: datetime) -> None:
    """What older texts of the same notes asked needs no answer any more."""
    authors = {(item.caller.tenant, item.note.id): item.note.author for item in items if item.note.id}
    if not authors:
        return
    names = {"tenants": sorted({t for t, _ in authors}), "ids": sorted({n for _, n in authors})}
    for row in connection.execute(_OLDER, names).all():
        if (row.tenant, row.client_id) not in authors:
            continue
        mine = (suggestions.c.extraction == row.id) & (suggestions.c.state == PENDING)
        connection.execute(update(suggestions).where(mine).values(state="superseded", decided_at=moment))
        asked = (reconfirmations.c.extraction == row.id) & reconfirmations.c.settled_at.is_(None)
        gone = {"settled_at": moment, "outcome": "superseded", "settled_by": authors[row.tenant, row.client_id]}
        connection.execute(update(reconfirmations).where(asked).values(**gone))
