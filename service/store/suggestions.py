"""Extractions and their suggestions, read back; `keeping.py` keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from service.problems import ServiceError
from service.store import reconfirm
from service.store.database import now
from service.store.tables import decisions, extractions, notes, suggestions

PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored extraction: its id, its version (the ETag) and its fields with suggestion ids and states.

    `settings`: the tenant's, where they were read with it."""

    id: str
    version: int
    answer: dict[str, Any]
    settings: Mapping[str, Any] | None = None


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
