"""Tenants and their API keys. A key is shown once; only its hash is kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from service.problems import ServiceError
from service.store import audit
from service.store.database import new_id, now
from service.store.tables import api_keys, tenants

SCOPES = ("extract", "confirm", "annotate", "manage", "admin")
PREFIX = "fn_"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the tenant, a name for the history, and what the caller may do."""

    tenant: str
    name: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        return scope in self.scopes or "admin" in self.scopes


def ensure_tenant(connection: Connection, tenant: str) -> None:
    """Tenants come into being with their first key."""
    if connection.execute(select(tenants.c.id).where(tenants.c.id == tenant)).first() is None:
        connection.execute(
            insert(tenants).values(id=tenant, created_at=now(), settings={}, audit_seq=0, audit_hash=audit.START)
        )


def create_key(
    connection: Connection,
    tenant: str,
    scopes: Sequence[str],
    *,
    name: str = "",
    expires_at: datetime | None = None,
    team: str | None = None,
    by: str = "cli",
) -> str:
    """A new key, returned in clear this one time. Raises ServiceError for an unknown scope."""
    unknown = [s for s in scopes if s not in SCOPES]
    if unknown or not scopes:
        raise ServiceError(422, "key.scope", f"没有权限 {'、'.join(unknown) or '（空）'}；可用：{'、'.join(SCOPES)}")
    ensure_tenant(connection, tenant)
    key, row = PREFIX + secrets.token_urlsafe(32), new_id()
    connection.execute(
        insert(api_keys).values(
            id=row,
            tenant=tenant,
            hash=digest(key),
            name=name or row[:8],
            scopes=list(scopes),
            created_at=now(),
            expires_at=expires_at,
            team=team or None,
        )
    )
    audit.record(connection, tenant, by, "key.create", row, {"scopes": list(scopes)})
    return key


def find_caller(connection: Connection, key: str) -> Caller | None:
    """Whose key this is; None for one unknown, revoked or expired."""
    row = connection.execute(select(api_keys).where(api_keys.c.hash == digest(key))).first()
    if row is None or row.revoked_at or (row.expires_at and row.expires_at <= now()):
        return None
    return Caller(row.tenant, f"key:{row.name}", frozenset(row.scopes))


def rotate(connection: Connection, caller: Caller, key_id: str, *, grace: timedelta) -> str:
    """A new key with the name, rights, team and lifetime of another, which works for `grace` longer; in clear.

    Raises ServiceError 404 where the tenant has none of that id that still works.
    """
    mine = (api_keys.c.tenant == caller.tenant) & (api_keys.c.id == key_id)
    old, moment = connection.execute(select(api_keys).where(mine)).first(), now()
    if old is None or old.revoked_at or (old.expires_at and old.expires_at <= moment):
        raise ServiceError(404, "key.not_found", "没有这把钥匙，或它已经停用、过期")
    expires = moment + (old.expires_at - old.created_at) if old.expires_at else None
    given: dict[str, Any] = {"name": old.name, "expires_at": expires, "team": old.team, "by": caller.name}
    key = create_key(connection, caller.tenant, old.scopes, **given)
    last = min(moment + grace, old.expires_at or moment + grace)
    connection.execute(update(api_keys).where(mine).values(expires_at=last))
    audit.record(connection, caller.tenant, caller.name, "key.rotate", key_id)
    return key


def revoke(connection: Connection, caller: Caller, key_id: str) -> None:
    """A key stops working. Raises ServiceError where the tenant has none of that id."""
    mine = (api_keys.c.tenant == caller.tenant) & (api_keys.c.id == key_id)
    if connection.execute(update(api_keys).where(mine).values(revoked_at=now())).rowcount == 0:
        raise ServiceError(404, "key.not_found", "没有这把钥匙")
    audit.record(connection, caller.tenant, caller.name, "key.revoke", key_id)


def keys_of(connection: Connection, tenant: str) -> Sequence[Row[Any]]:
    """A tenant's keys, oldest first."""
    return connection.execute(select(api_keys).where(api_keys.c.tenant == tenant).order_by(api_keys.c.created_at)).all()


def digest(key: str) -> str:
    """Keys are random and long, so a plain hash is enough; passwords are not (see accounts)."""
    return hashlib.sha256(key.encode()).hexdigest()
