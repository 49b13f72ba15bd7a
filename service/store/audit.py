"""The audit log: append-only, one hash chain per tenant, so that a change, a removal or a swap shows.

    hash(n) = sha256(hash(n-1) + canonical JSON of entry n)

The tenant's row keeps the number and hash of the last entry, so that cutting off the end shows too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from extractor.types import Json
from service.store.database import now
from service.store.tables import audit, tenants

START = "0" * 64
# made once: SQLAlchemy then finds what it compiled without looking at every part of them
_LOCK = (
    select(tenants.c.id, tenants.c.audit_seq, tenants.c.audit_hash, tenants.c.settings)
    .where(tenants.c.id.in_(bindparam("names", expanding=True)))
    .order_by(tenants.c.id)
    .with_for_update(key_share=True)
)
_APPEND = insert(audit)
_MOVE = (
    update(tenants)
    .where(tenants.c.id == bindparam("name"))
    .values(audit_seq=bindparam("seq"), audit_hash=bindparam("digest"))
)


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain does not hold, and how."""

    tenant: str
    seq: int
    what: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened in a tenant. No text of a note and no personal value goes into `details`."""

    tenant: str
    actor: str
    action: str
    thing: str
    details: Mapping[str, Json]


def lock(connection: Connection, names: Iterable[str]) -> dict[str, Row[Any]]:
    """The tenants' rows (`id`, `audit_seq`, `audit_hash`, `settings`), theirs to change until the transaction ends."""
    rows: Sequence[Any] = connection.execute(_LOCK, {"names": sorted(set(names))}).all()
    return {row.id: row for row in rows}


def append(connection: Connection, heads: Mapping[str, Row[Any]], entries: Sequence[Entry]) -> None:
    """Append entries in their order, behind the ends that `lock` has just given."""
    ends = {name: (row.audit_seq, row.audit_hash) for name, row in heads.items()}
    at, rows = now().isoformat(), []
    for entry in entries:
        seq, before = ends[entry.tenant]
        row: dict[str, Any] = {
            "tenant": entry.tenant, "seq": seq + 1, "at": at, "actor": entry.actor, "action": entry.action,
            "object": entry.thing, "details": dict(entry.details),
        }  # fmt: skip
        ends[entry.tenant] = seq + 1, _hash(before, row)
        rows.append({**row, "hash": ends[entry.tenant][1]})
    connection.execute(_APPEND, rows)
    moved = {entry.tenant: ends[entry.tenant] for entry in entries}
    connection.execute(_MOVE, [{"name": name, "seq": seq, "digest": digest} for name, (seq, digest) in moved.items()])


def record(
    connection: Connection, tenant: str, actor: str, action: str, thing: str, details: dict[str, Json] | None = None
) -> None:
    """Append one entry within the caller's transaction. No text of a note and no personal value goes into `details`."""
    append(connection, lock(connection, [tenant]), [Entry(tenant, actor, action, thing, details or {})])


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
