"""A newly held value may call for something to be done: triggers fire, the CRM hears `strategy.triggered`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta, timezone

from sqlalchemy import Connection

from extractor.types import Json
from service.store import audit, confirmed
from service.store.database import now
from service.store.keys import Caller
from service.triggers import Trigger, evaluate

CHINA = timezone(timedelta(hours=8))  # one zone, no summer time
log = logging.getLogger("fieldnote.strategy")


@dataclass(frozen=True, slots=True)
class Strategy:
    """The published triggers."""

    triggers: Sequence[Trigger]

    def on_held(
        self, connection: Connection, caller: Caller, customer: str, field: str, value: Json
    ) -> list[tuple[str, dict[str, Json]]]:
        """An event for each trigger that fires. A condition that cannot be decided is logged, never raised."""
        events: list[tuple[str, dict[str, Json]]] = []
        values: dict[str, list[Json]] = {}
        for row in confirmed.current(connection, caller.tenant, customer):
            values.setdefault(row.field, []).append(row.value)
        today: date = now().astimezone(CHINA).date()
        for firing in evaluate(self.triggers, field, value, values, today):
            if firing.reason:
                log.warning("trigger %s was not decided: %s", firing.trigger.name, firing.reason)
            if not firing.fired:
                continue
            then = firing.trigger.then
            data: dict[str, Json] = {
                "customer": customer, "field": field, "value": value, "trigger": firing.trigger.name,
                "action": then.action, "text": then.text, "decided_by": caller.name,
            }  # fmt: skip
            events.append(("strategy.triggered", data))
            audit.record(connection, caller.tenant, "trigger", "strategy.triggered", firing.trigger.name)
        return events
