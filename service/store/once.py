"""Idempotency keys: the first answer to a key is kept and given again; the same key with another body is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from service.problems import ServiceError
from service.store.database import now
from service.store.tables import idempotency

KEPT_FOR = timedelta(hours=24)
Answer = tuple[int, dict[str, Any]]


def sweep(connection: Connection) -> None:
    """Answers are not kept longer than they are given again."""
    connection.execute(delete(idempotency).where(idempotency.c.at < now() - KEPT_FOR))


def once(connection: Connection, tenant: str, key: str | None, request: Any, make: Callable[[], Answer]) -> Answer:
    """`make()`, or what it gave before under this key, in the caller's transaction.

    Raises ServiceError 409 where the key came with another request before.
    """
    if key is None:
        return make()
    digest = hashlib.sha256(json.dumps(request, sort_keys=True, default=str).encode()).hexdigest()
    mine = (idempotency.c.tenant == tenant) & (idempotency.c.key == key)
    row = connection.execute(select(idempotency).where(mine)).first()
    if row is not None and row.at + KEPT_FOR < now():
        connection.execute(delete(idempotency).where(mine))
        row = None
    if row is not None:
        if row.request != digest:
            raise ServiceError(409, "idempotency.reused", "这个 Idempotency-Key 已用于另一个请求；换一个新的")
        return row.status, row.body
    status, body = make()
    connection.execute(
        insert(idempotency).values(tenant=tenant, key=key, request=digest, status=status, body=body, at=now())
    )
    return status, body
