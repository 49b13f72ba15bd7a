"""What a tenant has set for itself."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select, update

from service.problems import ServiceError
from service.store import audit
from service.store.tables import tenants


def settings_of(connection: Connection, tenant: str) -> dict[str, Any]:
    """The tenant's own settings; empty for one that does not exist yet."""
    return connection.execute(select(tenants.c.settings).where(tenants.c.id == tenant)).scalar() or {}


def exists(connection: Connection, tenant: str) -> bool:
    """Whether there is such a tenant."""
    return connection.execute(select(tenants.c.id).where(tenants.c.id == tenant)).first() is not None


def all_settings(connection: Connection) -> dict[str, dict[str, Any]]:
    """The settings of every tenant that has any."""
    return {
        row.id: row.settings for row in connection.execute(select(tenants.c.id, tenants.c.settings)) if row.settings
    }


def change(connection: Connection, tenant: str, settings: dict[str, Any], *, by: str) -> None:
    """Replace the settings. Raises ServiceError 404 where there is no such tenant."""
    changed = connection.execute(update(tenants).where(tenants.c.id == tenant).values(settings=settings))
    if changed.rowcount == 0:
        raise ServiceError(404, "tenant.not_found", f"没有租户 {tenant}；先给它建一把钥匙")
    audit.record(connection, tenant, by, "tenant.settings", tenant, {"keys": "、".join(sorted(settings))})
