"""A newly held value may call for something to be done: triggers fire, the CRM hears `strategy.triggered`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta, timezone

from sqlalchemy import Connection

from extractor.types import Json
from service.store import audit, confirmed, trigger_sets
from service.store.database import now
from service.store.keys import Caller
from service.triggers import Trigger, known_triggers, matching

CHINA = timezone(timedelta(hours=8))  # one zone, no summer time


@dataclass(frozen=True, slots=True)
class Strategy:
    """The triggers of the contract; a tenant may have published its own."""

    triggers: Sequence[Trigger]

    def of(self, connection: Connection, tenant: str) -> Sequence[Trigger]:
        """What is in force for a tenant: its own newest triggers, else the contract's."""
        own = trigger_sets.newest(connection, tenant)
        return self.triggers if own is None else known_triggers(own.data)

    def on_held(
        self, connection: Connection, caller: Caller, customer: str, field: str, value: Json
    ) -> list[tuple[str, dict[str, Json]]]:
        """An event for each trigger that fires. A condition that cannot be decided is logged, never raised."""
        triggers = [t for t in self.of(connection, caller.tenant) if t.field == field]
        if not triggers:
            return []
        values: dict[str, list[Json]] = {}
        for row in confirmed.current(connection, caller.tenant, customer):
            values.setdefault(row.field, []).append(row.value)
        today: date = now().astimezone(CHINA).date()
        events: list[tuple[str, dict[str, Json]]] = []
        for trigger in matching(triggers, field, value, values, today):
            data: dict[str, Json] = {
                "customer": customer, "field": field, "value": value, "trigger": trigger.name,
                "action": trigger.then.action, "text": trigger.then.text, "decided_by": caller.name,
            }  # fmt: skip
            events.append(("strategy.triggered", data))
            audit.record(connection, caller.tenant, "trigger", "strategy.triggered", trigger.name)
        return events
