"""Extractions and their suggestions, kept and read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from extractor.contract import Contract
from extractor.types import Json, Note
from service.problems import ServiceError
from service.store import audit, outbox, reconfirm
from service.store.database import new_id, now
from service.store.keys import Caller
from service.store.tables import decisions, extractions, notes, reconfirmations, suggestions

EXPIRES = timedelta(days=30)
PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored extraction: its id, its version (the ETag) and its fields with suggestion ids and states."""

    id: str
    version: int
    answer: dict[str, Any]


def keep(connection: Connection, caller: Caller, note: Note, answer: Mapping[str, Any], contract: Contract) -> Kept:
    """Store a note with the engine's answer for it. Pending suggestions of an older text of the same note end."""
    moment, note_id, extraction = now(), new_id(), new_id()
    # the audit entry first: it takes the tenant's lock, so that events are numbered in the order of their commits and
    # nobody decides at the same time on what this note supersedes
    counts: dict[str, Json] = {"suggestions": len(answer["fields"])}
    audit.record(connection, caller.tenant, caller.name, "extraction.create", extraction, counts)
    if note.id:
        _supersede(connection, caller.tenant, note, moment)
    connection.execute(
        insert(notes).values(
            id=note_id, tenant=caller.tenant, client_id=note.id, text=note.text, sent_at=note.sent_at.isoformat(),
            author=note.author or caller.name, customer=note.customer, channel=note.channel, created_at=moment,
        )
    )  # fmt: skip
    head = {"id": extraction, "tenant": caller.tenant, "note": note_id, "bundle": answer["bundle"]}
    connection.execute(insert(extractions).values(**head, contract=contract.version, version=1, created_at=moment))
    rows = [
        {
            "id": new_id(), "tenant": caller.tenant, "extraction": extraction, "position": position,
            "customer": note.customer, "author": note.author or caller.name, "field": field["field"],
            "data": field, "state": PENDING, "created_at": moment, "expires_at": moment + EXPIRES,
        }
        for position, field in enumerate(answer["fields"])
    ]  # fmt: skip
    if rows:
        connection.execute(insert(suggestions), rows)
    reconfirm.ask(connection, caller.tenant, note, answer, contract, (extraction, rows))
    outbox.add(connection, caller.tenant, note.customer, [("suggestion.created", _event(r, note_id)) for r in rows])
    fields = [{**row["data"], "suggestion_id": row["id"], "state": PENDING} for row in rows]
    return Kept(extraction, 1, {**answer, "id": extraction, "note_id": note.id, "fields": fields})


def _event(row: Mapping[str, Any], note_id: str) -> dict[str, Json]:
    data = row["data"]
    return {
        "customer": row["customer"], "field": row["field"], "value": data["value"], "confidence": data["confidence"],
        "basis": data["basis"], "evidence": data["evidence"], "suggestion_id": row["id"], "note_id": note_id,
    }  # fmt: skip


def _supersede(connection: Connection, tenant: str, note: Note, moment: datetime) -> None:
    query = select(extractions.c.id).join(notes, notes.c.id == extractions.c.note)
    older = list(connection.scalars(query.where(notes.c.tenant == tenant, notes.c.client_id == note.id)))
    if not older:
        return
    mine = suggestions.c.extraction.in_(older) & (suggestions.c.state == PENDING)
    connection.execute(update(suggestions).where(mine).values(state="superseded", decided_at=moment))
    asked = reconfirmations.c.extraction.in_(older) & reconfirmations.c.settled_at.is_(None)
    gone = {"settled_at": moment, "outcome": "superseded", "settled_by": note.author}
    connection.execute(update(reconfirmations).where(asked).values(**gone))


def find(connection: Connection, tenant: str, extraction: str, *, lock: bool = False) -> Row[Any]:
    """The row of an extraction. Raises ServiceError 404 where the tenant has none of that id."""
    query = select(extractions).where(extractions.c.id == extraction, extractions.c.tenant == tenant)
    row = connection.execute(query.with_for_update() if lock else query).first()
    if row is None:
        raise ServiceError(404, "extraction.not_found", "没有这次抽取")
    return row


def load(connection: Connection, tenant: str, extraction: str) -> Kept:
    """An extraction with the state of every suggestion."""
    row = find(connection, tenant, extraction)
    note = connection.execute(select(notes).where(notes.c.id == row.note)).one()
    rows = of_extraction(connection, extraction)
    against = reconfirm.by_suggestion(connection, tenant, [s.id for s in rows if s.state == PENDING])
    fields = [_shown(s, against.get(s.id)) for s in rows]
    answer = {
        "id": extraction, "bundle": row.bundle, "contract": row.contract, "fields": fields,
        "note": {
            "id": note.client_id, "text": note.text, "sent_at": note.sent_at, "author": note.author,
            "customer": note.customer, "channel": note.channel,
        },
    }  # fmt: skip
    return Kept(extraction, row.version, answer)


def of_extraction(connection: Connection, extraction: str) -> Sequence[Row[Any]]:
    """Suggestions of an extraction in their order."""
    query = select(suggestions).where(suggestions.c.extraction == extraction)
    return connection.execute(query.order_by(suggestions.c.position)).all()


def find_one(connection: Connection, suggestion: str) -> Row[Any] | None:
    """The row of a suggestion."""
    return connection.execute(select(suggestions).where(suggestions.c.id == suggestion)).first()


def _shown(row: Row[Any], against: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A suggestion; one that speaks against a confirmed value says which, and by when to decide."""
    shown = {**row.data, "suggestion_id": row.id, "state": state_of(row)}
    if against is None:
        return shown
    return {**shown, "reconfirm": True, **{key: against[key] for key in ("due_at", "overdue", "contradicts")}}


def state_of(row: Row[Any]) -> str:
    """A pending suggestion past its time is expired, whether or not the job that says so has run."""
    return "expired" if row.state == PENDING and row.expires_at <= now() else str(row.state)


def inbox(
    connection: Connection, tenant: str, *, author: str | None, after: tuple[datetime, str] | None, limit: int
) -> list[dict[str, Any]]:
    """Pending suggestions, oldest first, from behind `after` = (created_at, id)."""
    query = select(suggestions).where(
        suggestions.c.tenant == tenant, suggestions.c.state == PENDING, suggestions.c.expires_at > now()
    )
    if author:
        query = query.where(suggestions.c.author == author)
    if after:
        moment, last = after
        same = (suggestions.c.created_at == moment) & (suggestions.c.id > last)
        query = query.where((suggestions.c.created_at > moment) | same)
    rows = connection.execute(query.order_by(suggestions.c.created_at, suggestions.c.id).limit(limit)).all()
    against = reconfirm.by_suggestion(connection, tenant, [r.id for r in rows])
    return [
        {
            **_shown(r, against.get(r.id)),
            "extraction_id": r.extraction,
            "customer": r.customer,
            "created_at": r.created_at.isoformat(),
        }
        for r in rows
    ]


def decided(connection: Connection, suggestion: str) -> Sequence[Row[Any]]:
    """Decisions on a suggestion, oldest first."""
    query = select(decisions).where(decisions.c.suggestion == suggestion)
    return connection.execute(query.order_by(decisions.c.at, decisions.c.id)).all()


def expire(connection: Connection) -> int:
    """Pending suggestions past their time say so; how many there were."""
    past = (suggestions.c.state == PENDING) & (suggestions.c.expires_at <= now())
    return connection.execute(update(suggestions).where(past).values(state="expired")).rowcount
