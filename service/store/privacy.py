"""Erasure, retention and export of personal data."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, null, select, update

from service.store import annotation, audit, suggestions
from service.store.database import now
from service.store.keys import Caller
from service.store.release_tables import shadows
from service.store.tables import (
    confirmed,
    decisions,
    deliveries,
    digests,
    extractions,
    idempotency,
    messages,
    notes,
    outbox,
    reconfirmations,
)
from service.store.tables import suggestions as table

GONE: dict[str, Any] = {"value": None, "display": "已删除", "evidence": [], "why": "已删除"}


def pseudonym(customer: str) -> str:
    """A customer in the audit log: told apart, not named."""
    return "customer:" + hashlib.sha256(customer.encode()).hexdigest()[:16]


def shown(row: Row[Any]) -> dict[str, Any]:
    """A confirmed value as clients see it."""
    return {
        "field": row.field, "value": row.value, "version": row.version, "confirmed_at": row.confirmed_at.isoformat(),
        "confirmed_by": row.confirmed_by, "suggestion_id": row.suggestion,
    }  # fmt: skip


def erase(connection: Connection, caller: Caller, customer: str) -> dict[str, int]:
    """Texts and values of a customer go; counts of what went. Tombstones keep ids and times."""
    audit.lock(connection, [caller.tenant])  # nobody decides meanwhile
    moment = now()
    mine = (notes.c.tenant == caller.tenant) & (notes.c.customer == customer)
    ids = [r.id for r in connection.execute(select(notes.c.id).where(mine))]
    its = select(extractions.c.id).where(extractions.c.note.in_(ids))
    asked = list(connection.execute(select(table).where(table.c.extraction.in_(its))))
    for row in asked:
        over = {"state": "expired", "expires_at": moment} if row.state == suggestions.PENDING else {}
        gone = {"data": {**_unquoted(row.data), **GONE}, "customer": None, **over}
        connection.execute(update(table).where(table.c.id == row.id).values(**gone))
    named = [r.id for r in asked]
    blank = {"value": null(), "evidence": null(), "reason": None}
    connection.execute(update(decisions).where(decisions.c.suggestion.in_(named)).values(**blank))
    held = (confirmed.c.tenant == caller.tenant) & (confirmed.c.customer == customer)
    name = f"erased:{pseudonym(customer)[9:]}:{moment:%Y%m%d%H%M%S}"
    values = connection.execute(update(confirmed).where(held).values(value=null(), customer=name, current=False))
    events = (outbox.c.tenant == caller.tenant) & (outbox.c.customer == customer)
    connection.execute(update(outbox).where(events).values(body={"erased": True}, customer=name))
    sent = (deliveries.c.tenant == caller.tenant) & (deliveries.c.customer == customer)
    connection.execute(update(deliveries).where(sent).values(customer=name))
    _silence(connection, caller.tenant, list(connection.scalars(its)))
    asked_again = (reconfirmations.c.tenant == caller.tenant) & (reconfirmations.c.customer == customer)
    connection.execute(update(reconfirmations).where(asked_again).values(customer=None, author=None))
    mornings = (outbox.c.tenant == caller.tenant) & (outbox.c.type == "digest.ready")
    connection.execute(update(outbox).where(mornings).values(body={"erased": True}))
    unsent = (digests.c.tenant == caller.tenant) & (digests.c.text != "")
    connection.execute(update(digests).where(unsent).values(text="", next_at=None))
    gone = {"text": None, "customer": None, "author": None, "erased_at": moment}
    connection.execute(update(notes).where(mine).values(**gone))
    annotation.forget(connection, ids)
    counts = {"notes": len(ids), "suggestions": len(asked), "values": values.rowcount}
    audit.record(connection, caller.tenant, caller.name, "customer.erase", pseudonym(customer), dict(counts))
    return counts


def purge(connection: Connection, tenant: str, *, older_than: timedelta, most: int = 200) -> int:
    """Retention: of up to `most` notes older than that the text goes, and with it every quotation of it; how many.

    Confirmed values stay, with the places of their evidence.
    """
    before = now() - older_than
    old = (notes.c.tenant == tenant) & (notes.c.created_at < before) & notes.c.text.is_not(None)
    ids = list(connection.scalars(select(notes.c.id).where(old).order_by(notes.c.created_at).limit(most)))
    if not ids:
        return 0
    audit.record(connection, tenant, "retention", "notes.purge", tenant, {"notes": len(ids)})
    connection.execute(update(notes).where(notes.c.id.in_(ids)).values(text=None, erased_at=now()))
    annotation.forget(connection, ids)
    its = list(connection.scalars(select(extractions.c.id).where(extractions.c.note.in_(ids))))
    for row in connection.execute(select(table.c.id, table.c.data).where(table.c.extraction.in_(its))).all():
        connection.execute(update(table).where(table.c.id == row.id).values(data=_unquoted(row.data)))
    asked = select(table.c.id).where(table.c.extraction.in_(its))
    mine = decisions.c.suggestion.in_(asked) & decisions.c.evidence.is_not(None)
    for row in connection.execute(select(decisions.c.id, decisions.c.evidence).where(mine)).all():
        places = _places(row.evidence or ())
        connection.execute(update(decisions).where(decisions.c.id == row.id).values(evidence=places))
    _silence(connection, tenant, its)
    told = (outbox.c.tenant == tenant) & (outbox.c.created_at < before) & outbox.c.spread_at.is_not(None)
    connection.execute(update(outbox).where(told & ~_awaited()).values(body={"erased": True}))
    return len(ids)


def _awaited() -> ColumnElement[bool]:
    """Events that some subscriber has not got yet."""
    return select(deliveries.c.id).where(deliveries.c.seq == outbox.c.seq, deliveries.c.state == "due").exists()


def _unquoted(data: Mapping[str, Any]) -> dict[str, Any]:
    """A suggestion without words of the note."""
    kept = {key: value for key, value in data.items() if key not in ("candidates", "premises")}
    return {
        **kept,
        "evidence": _places(data["evidence"]),
        "claim": {"status": data["claim"]["status"]},
        "why": "已删除",
    }


def _places(evidence: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**words, "text": ""} for words in evidence]


def _silence(connection: Connection, tenant: str, its: Sequence[str]) -> None:
    """What a bot answered about extractions, what they put in question, answers kept for repeats, and shadows."""
    connection.execute(delete(shadows).where(shadows.c.extraction.in_(its)))
    said = (messages.c.tenant == tenant) & messages.c.extraction.in_(its)
    connection.execute(update(messages).where(said).values(reply="已删除"))
    for row in connection.execute(select(reconfirmations).where(reconfirmations.c.extraction.in_(its))).all():
        mine = reconfirmations.c.id == row.id
        connection.execute(update(reconfirmations).where(mine).values(evidence=_places(row.evidence)))
    kept = connection.execute(select(idempotency.c.key, idempotency.c.body).where(idempotency.c.tenant == tenant))
    stale = [row.key for row in kept if row.body.get("id") in its]
    connection.execute(delete(idempotency).where(idempotency.c.tenant == tenant, idempotency.c.key.in_(stale)))


def export(connection: Connection, caller: Caller, customer: str) -> list[dict[str, Any]]:
    """All notes, suggestions, decisions and values of one customer, one record each; the reading is audited."""
    mine = (notes.c.tenant == caller.tenant) & (notes.c.customer == customer)
    found = connection.execute(select(notes).where(mine).order_by(notes.c.created_at)).all()
    its = connection.execute(select(extractions).where(extractions.c.note.in_([n.id for n in found]))).all()
    given = [suggestions.load(connection, caller.tenant, e.id).answer for e in its]
    held = (confirmed.c.tenant == caller.tenant) & (confirmed.c.customer == customer)
    values = connection.execute(select(confirmed).where(held).order_by(confirmed.c.field, confirmed.c.version))
    marked = annotation.marks_on(connection, [n.id for n in found])
    audit.record(connection, caller.tenant, caller.name, "customer.export", pseudonym(customer))
    return [
        *({"kind": "extraction", **answer} for answer in given),
        *({"kind": "value", **shown(row), "current": row.current} for row in values),
        *({"kind": "annotation", **sheet} for sheet in marked),
    ]
