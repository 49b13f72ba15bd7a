"""Events written in the same transaction as what they tell of; a worker delivers them (see `service/worker.py`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, insert

from extractor.types import Json
from service.store.database import new_id, now
from service.store.tables import outbox

Event = tuple[str, dict[str, Json]]
_ADD = insert(outbox)


def add(connection: Connection, tenant: str, customer: str | None, events: Sequence[Event]) -> None:
    """Queue events of one customer, in order. The id of a row is the event's id, the same at every delivery."""
    add_many(connection, [(tenant, customer, event) for event in events])


def add_many(connection: Connection, events: Iterable[tuple[str, str | None, Event]]) -> None:
    """Queue events, each with its tenant and customer, in order."""
    moment = now()
    stamp = moment.isoformat()
    rows = [
        {
            "id": new_id(), "tenant": tenant, "customer": customer, "type": kind, "created_at": moment,
            "body": {"type": kind, "timestamp": stamp, "data": data},
        }
        for tenant, customer, (kind, data) in events
    ]  # fmt: skip
    if rows:
        connection.execute(_ADD, rows)
