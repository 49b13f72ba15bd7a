"""What becomes of a read note that is to be kept: stored, read by its shadow too, decided where policy decides alone.

Many at a time, in one transaction (see `service/store/scribe.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from opentelemetry.context import Context
from sqlalchemy import Connection

from service.decide import Desk
from service.shadows import Shadows
from service.store import audit
from service.store.keeping import Answered, apart, keep_many
from service.store.once import Answer, Ask, once_many
from service.store.suggestions import Kept
from service.telemetry import spans


@dataclass(frozen=True, slots=True)
class Order:
    """A note to keep for a request: with the answer it got, the key of idempotency, the span it belongs to.

    `request`: what makes it the same request again; `shown`: what the client sees of the stored answer."""

    read: Answered
    key: str | None
    request: Callable[[], Any]
    shown: Callable[[dict[str, Any]], dict[str, Any]]
    context: Context


@dataclass(frozen=True, slots=True)
class Storing:
    """Who decides by policy, and who reads along."""

    desk: Desk
    shadows: Shadows

    def answers(self, connection: Connection, orders: Sequence[Order]) -> list[Answer]:
        """Status and body for each order; for a repeat under its key, those given before. Raises ServiceError 409."""

        def make(fresh: Sequence[int]) -> list[Answer]:
            kept = self.keep(connection, [orders[n].read for n in fresh])
            return [(201, orders[n].shown(k.answer)) for n, k in zip(fresh, kept, strict=True)]

        with spans("store", [order.context for order in orders]):
            asks = [Ask(order.read.caller.tenant, order.key, order.request) for order in orders]
            return once_many(connection, asks, make)

    def keep(self, connection: Connection, read: Sequence[Answered]) -> list[Kept]:
        """The stored extractions, with the states that policy has given their suggestions."""
        runs = list(apart(read))
        if len(runs) > 1:
            audit.lock(connection, [item.caller.tenant for item in read])  # all at once, always in the same order
        return [kept for run in runs for kept in self._together(connection, run)]

    def _together(self, connection: Connection, read: Sequence[Answered]) -> list[Kept]:
        pairs = list(zip(read, keep_many(connection, read), strict=True))
        for item, made in pairs:
            self.shadows.follow(connection, item.caller.tenant, made.id, item.note)
        return [self.desk.by_policy(connection, item.caller, made) for item, made in pairs]
