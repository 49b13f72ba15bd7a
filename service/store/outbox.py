"""Events written in the same transaction as what they tell of; a worker delivers them (see `service/worker.py`)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, insert

from extractor.types import Json
from service.store.database import new_id, now
from service.store.tables import outbox


def add(
    connection: Connection, tenant: str, customer: str | None, events: Sequence[tuple[str, dict[str, Json]]]
) -> None:
    """Queue events of one customer, in order. The id of a row is the event's id, the same at every delivery."""
    moment = now()
    rows = [
        {
            "id": new_id(), "tenant": tenant, "customer": customer, "type": kind, "created_at": moment,
            "body": {"type": kind, "timestamp": moment.isoformat(), "data": data},
        }
        for kind, data in events
    ]  # fmt: skip
    if rows:
        connection.execute(insert(outbox), rows)
