"""A tenant's own triggers, each version kept; and the confirmations of the past that new ones are tried on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from extractor.contract import Contract
from extractor.types import Json
from service.store import audit
from service.store.database import new_id, now
from service.store.keys import Caller
from service.store.release_tables import trigger_sets
from service.store.tables import confirmed, suggestions
from service.triggers import Case

CHINA = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class TriggerSet:
    """One version; `data` is `{"triggers": [...]}`."""

    id: str
    version: int
    data: dict[str, Any]
    by: str
    created_at: datetime


def newest(connection: Connection, tenant: str) -> TriggerSet | None:
    """What is in force; None where the tenant never published any."""
    return next(iter(versions(connection, tenant, limit=1)), None)


def versions(connection: Connection, tenant: str, *, limit: int = 200) -> list[TriggerSet]:
    """Newest first."""
    query = select(trigger_sets).where(trigger_sets.c.tenant == tenant).order_by(trigger_sets.c.version.desc())
    return [_made(row) for row in connection.execute(query.limit(limit))]


def publish(connection: Connection, caller: Caller, data: dict[str, Any]) -> TriggerSet:
    """A new version, in force from now."""
    made = new_id()
    # the audit entry first: it takes the tenant's lock, so that two versions made at once get two numbers
    audit.record(connection, caller.tenant, caller.name, "triggers.publish", made, {"count": len(data["triggers"])})
    before = newest(connection, caller.tenant)
    version = TriggerSet(made, before.version + 1 if before else 1, data, caller.name, now())
    connection.execute(
        insert(trigger_sets).values(
            id=made, tenant=caller.tenant, version=version.version, data=data, by=version.by,
            created_at=version.created_at,
        )
    )  # fmt: skip
    return version


def past_confirmations(connection: Connection, tenant: str, contract: Contract, *, most: int) -> Iterator[Case]:
    """The newest confirmations in the order they happened, each with what the customer held right after it.

    Values that were taken back, and values whose customer was erased, are left out.
    """
    stands = suggestions.c.state.in_(("confirmed", "corrected"))
    query = (
        select(confirmed.c.customer, confirmed.c.field, confirmed.c.value, confirmed.c.confirmed_at)
        .join(suggestions, suggestions.c.id == confirmed.c.suggestion)
        .where(confirmed.c.tenant == tenant, stands)
        .order_by(confirmed.c.confirmed_at, confirmed.c.id)
    )
    rows = [row for row in connection.execute(query) if row.value is not None]
    held: dict[str, dict[str, list[Json]]] = defaultdict(dict)
    for number, row in enumerate(rows):
        field = contract.fields.get(row.field)
        values = held[row.customer]
        kept = values.get(row.field, []) if field is not None and field.many else []
        values[row.field] = [*(v for v in kept if v != row.value), row.value]
        if number >= len(rows) - most:
            yield Case(row.customer, row.field, row.value, _copy(values), row.confirmed_at.astimezone(CHINA).date())


def _copy(values: Mapping[str, list[Json]]) -> dict[str, Json]:
    return {name: list(held) for name, held in values.items()}


def _made(row: Row[Any]) -> TriggerSet:
    return TriggerSet(row.id, row.version, row.data, row.by, row.created_at)
