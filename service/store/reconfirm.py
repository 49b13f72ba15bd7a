"""Re-confirmations kept: asked for by a note, open until somebody decides, overdue past their time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from extractor.contract import Contract
from extractor.types import Note
from service.problems import ServiceError
from service.reconfirm import Held, contradictions, retracted
from service.store import audit
from service.store.database import new_id, now
from service.store.tables import confirmed as held_table
from service.store.tables import extractions, notes, reconfirmations, suggestions

PENDING = "pending"


def ask(
    connection: Connection, tenant: str, note: Note, answer: Mapping[str, Any], contract: Contract,
    kept: tuple[str, Sequence[Mapping[str, Any]]], held: Sequence[Row[Any]],
) -> int:  # fmt: skip
    """Ask again for what the note speaks against: `kept` is its extraction and rows of suggestions, `held` what holds
    now for its customer. How many."""
    if not note.customer:
        return 0
    extraction, rows = kept
    _withdraw_pending(connection, tenant, note, answer, contract, extraction)
    holding = [Held(r.id, r.field, r.value, datetime.fromisoformat(r.said_at), r.certain) for r in held]
    moment = now()
    asked = [
        {
            "id": new_id(), "tenant": tenant, "customer": note.customer, "field": found.field,
            "author": rows[0]["author"] if rows else note.author, "confirmed": found.held, "extraction": extraction,
            "suggestion": None if found.position is None else rows[found.position]["id"], "why": found.why,
            "evidence": list(map(dict, found.evidence)), "made_at": moment, "due_at": moment + found.due_in,
        }
        for found in (contradictions(contract, holding, answer, note.sent_at) if holding else ())
    ]  # fmt: skip
    if asked:
        connection.execute(insert(reconfirmations), asked)
        audit.record(connection, tenant, "contract", "reconfirm.ask", extraction, {"values": len(asked)})
    return len(asked)


def _withdraw_pending(
    connection: Connection, tenant: str, note: Note, answer: Mapping[str, Any], contract: Contract, extraction: str
) -> None:
    """Suggestions of older notes that this note takes back need no answer any more: superseded."""
    taken = list(retracted(contract, answer.get("dropped") or (), note.sent_at))
    if not taken:
        return
    query = (
        select(suggestions.c.id, suggestions.c.field, suggestions.c.data, notes.c.sent_at)
        .join(extractions, extractions.c.id == suggestions.c.extraction)
        .join(notes, notes.c.id == extractions.c.note)
        .where(
            suggestions.c.tenant == tenant, suggestions.c.customer == note.customer, suggestions.c.state == PENDING,
            suggestions.c.field.in_({t["field"] for t in taken}), suggestions.c.extraction != extraction,
        )
    )  # fmt: skip
    said = [(t["field"], t["value"]) for t in taken]
    older = (r for r in connection.execute(query) if datetime.fromisoformat(r.sent_at) <= note.sent_at)
    ids = [r.id for r in older if (r.field, r.data["value"]) in said]
    change = {"state": "superseded", "decided_at": now()}
    connection.execute(update(suggestions).where(suggestions.c.id.in_(ids)).values(**change))


def open_ones(tenant: str) -> Select[Any]:
    """Open re-confirmations of values that still hold, with the value; soonest due first."""
    columns = (held_table.c.value, held_table.c.version, held_table.c.confirmed_at, held_table.c.confirmed_by)
    query = select(reconfirmations, *columns, held_table.c.suggestion.label("held_suggestion"))
    return (
        query.join(held_table, held_table.c.id == reconfirmations.c.confirmed)
        .where(
            reconfirmations.c.tenant == tenant, reconfirmations.c.settled_at.is_(None), held_table.c.current.is_(True)
        )
        .order_by(reconfirmations.c.due_at, reconfirmations.c.id)
    )  # fmt: skip


def waiting(
    connection: Connection, tenant: str, *, author: str | None = None, limit: int = 200
) -> list[dict[str, Any]]:
    """Open re-confirmations as clients see them."""
    query = open_ones(tenant).limit(limit)
    if author:
        query = query.where(reconfirmations.c.author == author)
    return [shown(row) for row in connection.execute(query)]


def by_suggestion(connection: Connection, tenant: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What suggestions speak against, by their id."""
    rows = connection.execute(open_ones(tenant).where(reconfirmations.c.suggestion.in_(ids))) if ids else ()
    return {row.suggestion: shown(row) for row in rows}


def shown(row: Row[Any]) -> dict[str, Any]:
    """One open re-confirmation."""
    return {
        "id": row.id, "customer": row.customer, "field": row.field, "author": row.author, "why": row.why,
        "due_at": row.due_at.isoformat(), "overdue": row.due_at <= now(), "extraction_id": row.extraction,
        "suggestion_id": row.suggestion, "evidence": row.evidence,
        "contradicts": {
            "value": row.value, "version": row.version, "confirmed_at": row.confirmed_at.isoformat(),
            "confirmed_by": row.confirmed_by, "suggestion_id": row.held_suggestion,
        },
    }  # fmt: skip


def find(connection: Connection, tenant: str, name: str) -> Row[Any]:
    """An open re-confirmation. Raises ServiceError 404, or 409 where it is settled or its value holds no more."""
    mine = (reconfirmations.c.tenant == tenant) & (reconfirmations.c.id == name)
    if connection.execute(select(reconfirmations.c.id).where(mine)).first() is None:
        raise ServiceError(404, "reconfirm.not_found", "没有这条待复核")
    row = connection.execute(open_ones(tenant).where(reconfirmations.c.id == name)).first()
    if row is None:
        raise ServiceError(409, "reconfirm.settled", "这条已经有人复核过了")
    return row


def settle(connection: Connection, name: str, *, outcome: str, by: str) -> None:
    """Somebody has decided."""
    done = {"settled_at": now(), "outcome": outcome, "settled_by": by}
    connection.execute(update(reconfirmations).where(reconfirmations.c.id == name).values(**done))


def settle_by(connection: Connection, suggestion: str, *, outcome: str | None, by: str | None) -> None:
    """The suggestion that spoke against a value is decided; no outcome: undone, the question is open again."""
    done = {"settled_at": now() if outcome else None, "outcome": outcome, "settled_by": by}
    connection.execute(update(reconfirmations).where(reconfirmations.c.suggestion == suggestion).values(**done))


def of_value(connection: Connection, confirmed_id: str) -> Sequence[Row[Any]]:
    """Every time a value was put in question, newest first."""
    query = select(reconfirmations).where(reconfirmations.c.confirmed == confirmed_id)
    return connection.execute(query.order_by(reconfirmations.c.made_at.desc())).all()
