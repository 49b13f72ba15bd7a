"""Idempotency keys: the first answer to a key is kept and given again; the same key with another body is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select

from service.problems import ServiceError
from service.store.database import now
from service.store.tables import idempotency

KEPT_FOR = timedelta(hours=24)
Answer = tuple[int, dict[str, Any]]


def sweep(connection: Connection) -> None:
    """Answers are not kept longer than they are given again."""
    connection.execute(delete(idempotency).where(idempotency.c.at < now() - KEPT_FOR))


@dataclass(frozen=True, slots=True)
class Ask:
    """A request of a tenant under a key; `request`: what makes it the same request again, asked for with a key only."""

    tenant: str
    key: str | None
    request: Callable[[], Any]

    def digest(self) -> str:
        return hashlib.sha256(json.dumps(self.request(), sort_keys=True, default=str).encode()).hexdigest()


def once(connection: Connection, tenant: str, key: str | None, request: Any, make: Callable[[], Answer]) -> Answer:
    """`make()`, or what it gave before under this key, in the caller's transaction.

    Raises ServiceError 409 where the key came with another request before.
    """
    return once_many(connection, [Ask(tenant, key, lambda: request)], lambda _: [make()])[0]


def once_many(
    connection: Connection, asks: Sequence[Ask], make: Callable[[Sequence[int]], Sequence[Answer]]
) -> list[Answer]:
    """The same for many: `make` answers those (by their place) that were not answered before.

    Raises ServiceError 409 where a key came with another request before.
    """
    digests = {n: ask.digest() for n, ask in enumerate(asks) if ask.key is not None}
    known = _known(connection, [asks[n] for n in digests])
    first: dict[tuple[str, str], int] = {}
    for n in digests:
        first.setdefault(_place(asks[n]), n)
    fresh = [n for n, a in enumerate(asks) if n not in digests or (first[_place(a)] == n and _place(a) not in known)]
    made = dict(zip(fresh, make(fresh) if fresh else (), strict=True))
    rows = [
        {
            "tenant": asks[n].tenant, "key": asks[n].key, "request": digests[n], "status": made[n][0],
            "body": made[n][1], "at": now(),
        }
        for n in fresh if n in digests
    ]  # fmt: skip
    if rows:
        connection.execute(_KEEP, rows)
    known |= {_place(asks[n]): (digests[n], *made[n]) for n in fresh if n in digests}
    return [made[n] if n in made else _again(known, ask, digests[n]) for n, ask in enumerate(asks)]


Known = dict[tuple[str, str], tuple[str, int, dict[str, Any]]]
_KEEP = insert(idempotency)
_FIND = select(idempotency).where(
    idempotency.c.tenant.in_(bindparam("tenants", expanding=True)),
    idempotency.c.key.in_(bindparam("keys", expanding=True)),
)


def _known(connection: Connection, asks: Sequence[Ask]) -> Known:
    """What was answered before, by tenant and key; what is too old is forgotten."""
    if not asks:
        return {}
    names = {"tenants": sorted({a.tenant for a in asks}), "keys": sorted({a.key or "" for a in asks})}
    rows = connection.execute(_FIND, names).all()
    for row in rows:
        if row.at + KEPT_FOR < now():
            gone = (idempotency.c.tenant == row.tenant) & (idempotency.c.key == row.key)
            connection.execute(delete(idempotency).where(gone))
    return {(r.tenant, r.key): (r.request, r.status, r.body) for r in rows if r.at + KEPT_FOR >= now()}


def _place(ask: Ask) -> tuple[str, str]:
    return ask.tenant, ask.key or ""


def _again(known: Known, ask: Ask, digest: str) -> Answer:
    request, status, body = known[_place(ask)]
    if request != digest:
        raise ServiceError(409, "idempotency.reused", "这个 Idempotency-Key 已用于另一个请求；换一个新的")
    return status, body
