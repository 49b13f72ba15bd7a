"""Erasure, export and masking of personal data."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, null, select, update

from service.store import audit, suggestions
from service.store.database import now
from service.store.keys import Caller
from service.store.tables import confirmed, decisions, extractions, notes, outbox
from service.store.tables import suggestions as table

GONE: dict[str, Any] = {"value": None, "display": "已删除", "evidence": [], "why": "已删除"}
PHONE = "contact_phone"


def pseudonym(customer: str) -> str:
    """A customer in the audit log: told apart, not named."""
    return "customer:" + hashlib.sha256(customer.encode()).hexdigest()[:16]


def shown(row: Row[Any], caller: Caller) -> dict[str, Any]:
    """A confirmed value as clients see it."""
    value = mask(row.value) if row.field == PHONE and not caller.may("confirm") else row.value
    return {
        "field": row.field, "value": value, "version": row.version, "confirmed_at": row.confirmed_at.isoformat(),
        "confirmed_by": row.confirmed_by, "suggestion_id": row.suggestion,
    }  # fmt: skip


def mask(phone: Any) -> str:
    """13800138000 → 138****8000."""
    text = str(phone)
    return f"{text[:3]}****{text[-4:]}" if len(text) >= 7 else "****"


def erase(connection: Connection, caller: Caller, customer: str) -> dict[str, int]:
    """Texts and values of a customer go; counts of what went. Tombstones keep ids and times."""
    moment = now()
    mine = (notes.c.tenant == caller.tenant) & (notes.c.customer == customer)
    ids = [r.id for r in connection.execute(select(notes.c.id).where(mine))]
    its = select(extractions.c.id).where(extractions.c.note.in_(ids))
    asked = list(connection.execute(select(table).where(table.c.extraction.in_(its))))
    for row in asked:
        connection.execute(update(table).where(table.c.id == row.id).values(data={**row.data, **GONE}, customer=None))
    named = [r.id for r in asked]
    blank = {"value": null(), "evidence": null(), "reason": None}
    connection.execute(update(decisions).where(decisions.c.suggestion.in_(named)).values(**blank))
    held = (confirmed.c.tenant == caller.tenant) & (confirmed.c.customer == customer)
    name = f"erased:{pseudonym(customer)[9:]}:{moment:%Y%m%d%H%M%S}"
    values = connection.execute(update(confirmed).where(held).values(value=null(), customer=name, current=False))
    events = (outbox.c.tenant == caller.tenant) & (outbox.c.customer == customer)
    connection.execute(update(outbox).where(events).values(body={"erased": True}))
    gone = {"text": None, "customer": None, "author": None, "erased_at": moment}
    connection.execute(update(notes).where(mine).values(**gone))
    counts = {"notes": len(ids), "suggestions": len(asked), "values": values.rowcount}
    audit.record(connection, caller.tenant, caller.name, "customer.erase", pseudonym(customer), dict(counts))
    return counts


def purge(connection: Connection, tenant: str, *, older_than: timedelta) -> int:
    """Retention: texts of notes older than that go; confirmed values stay with their evidence blanked."""
    before = now() - older_than
    old = (notes.c.tenant == tenant) & (notes.c.created_at < before) & notes.c.text.is_not(None)
    gone = connection.execute(update(notes).where(old).values(text=None, erased_at=now())).rowcount
    if gone:
        audit.record(connection, tenant, "retention", "notes.purge", tenant, {"notes": gone})
    return gone


def export(connection: Connection, caller: Caller, customer: str) -> list[dict[str, Any]]:
    """All notes, suggestions, decisions and values of one customer, one record each; the reading is audited."""
    mine = (notes.c.tenant == caller.tenant) & (notes.c.customer == customer)
    found = connection.execute(select(notes).where(mine).order_by(notes.c.created_at)).all()
    its = connection.execute(select(extractions).where(extractions.c.note.in_([n.id for n in found]))).all()
    given = [suggestions.load(connection, caller.tenant, e.id).answer for e in its]
    held = (confirmed.c.tenant == caller.tenant) & (confirmed.c.customer == customer)
    values = connection.execute(select(confirmed).where(held).order_by(confirmed.c.field, confirmed.c.version))
    audit.record(connection, caller.tenant, caller.name, "customer.export", pseudonym(customer))
    return [{"kind": "extraction", **answer} for answer in given] + [
        {"kind": "value", **shown(row, caller), "current": row.current} for row in values
    ]
