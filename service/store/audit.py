"""The audit log: append-only, one hash chain per tenant, so that a change, a removal or a swap shows.

    hash(n) = sha256(hash(n-1) + canonical JSON of entry n)

The tenant's row keeps the number and hash of the last entry, so that cutting off the end shows too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from extractor.types import Json
from service.store.database import now
from service.store.tables import audit, tenants

START = "0" * 64


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain does not hold, and how."""

    tenant: str
    seq: int
    what: str


def record(
    connection: Connection, tenant: str, actor: str, action: str, thing: str, details: dict[str, Json] | None = None
) -> None:
    """Append one entry within the caller's transaction. No text of a note and no personal value goes into `details`."""
    row = connection.execute(
        select(tenants.c.audit_seq, tenants.c.audit_hash).where(tenants.c.id == tenant).with_for_update(key_share=True)
    ).one()
    entry: dict[str, Any] = {
        "tenant": tenant, "seq": row.audit_seq + 1, "at": now().isoformat(), "actor": actor, "action": action,
        "object": thing, "details": details or {},
    }  # fmt: skip
    digest = _hash(row.audit_hash, entry)
    connection.execute(insert(audit).values(**entry, hash=digest))
    changed = {"audit_seq": entry["seq"], "audit_hash": digest}
    connection.execute(update(tenants).where(tenants.c.id == tenant).values(**changed))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What entries must begin with."""

    actor: str = ""
    action: str = ""
    thing: str = ""


def entries(
    connection: Connection, tenant: str, wanted: Wanted, *, before: int | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """A page of a tenant's entries, newest first, numbered below `before`."""
    query = select(audit).where(audit.c.tenant == tenant)
    for column, start in (
        (audit.c.actor, wanted.actor),
        (audit.c.action, wanted.action),
        (audit.c.object, wanted.thing),
    ):
        if start:
            query = query.where(column.startswith(start, autoescape=True))
    if before is not None:
        query = query.where(audit.c.seq < before)
    rows = connection.execute(query.order_by(audit.c.seq.desc()).limit(limit))
    return [{k: v for k, v in row._mapping.items() if k != "tenant"} for row in rows]


def last(connection: Connection, tenant: str) -> int:
    """The number of a tenant's last entry."""
    return int(connection.execute(select(tenants.c.audit_seq).where(tenants.c.id == tenant)).scalar() or 0)


def verify(connection: Connection, only: str | None = None) -> Iterator[Break]:
    """Every place where a tenant's chain (of `only` one) does not hold; nothing where all is well."""
    query = select(tenants).order_by(tenants.c.id)
    for tenant in connection.execute(query if only is None else query.where(tenants.c.id == only)):
        last, seq = START, 0
        for row in connection.execute(select(audit).where(audit.c.tenant == tenant.id).order_by(audit.c.seq)):
            entry = {k: v for k, v in row._mapping.items() if k != "hash"}
            if row.seq != seq + 1:
                yield Break(tenant.id, seq + 1, "缺少这一条")
            last, seq = _hash(last, entry), row.seq
            if last != row.hash:
                yield Break(tenant.id, seq, "内容或次序被改过")
                last = row.hash
        if (seq, last) != (tenant.audit_seq, tenant.audit_hash):
            yield Break(tenant.id, tenant.audit_seq, "末尾被截去或改过")


def _hash(previous: str, entry: dict[str, Any]) -> str:
    text = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256((previous + text).encode()).hexdigest()
