"""The background worker: delivers events, does what time brings about. Any number of them may share one database."""

from __future__ import annotations

import logging
import random
import threading
import time
from datetime import timedelta
from typing import Any

from opentelemetry.trace import SpanKind
from sqlalchemy import Row

from extractor.contract import Contract
from service.store import cards, subscriptions
from service.store.database import Database, now
from service.telemetry import span
from service.tidy import Senders, close_card, send_digest, tidy
from service.webhooks.backoff import next_attempt
from service.webhooks.delivery import deliver
from service.webhooks.sign import event_bytes, signed_headers

CLOSED, ERASED = "订阅已关闭", "内容已按要求删除，不再推送"
IDLE = 0.5  # seconds between looks when nothing is due
GATHER = 0.2  # seconds in which new events gather before they are spread
THREADS = 4
TIDY = timedelta(minutes=1)  # between looks for what time has brought about
log = logging.getLogger("fieldnote.worker")


class Worker:
    """A few threads that work until they are stopped, so that one slow receiver does not hold up the others.

    The threads are the worker's own: a delivery runs an event loop of its own, and would fail inside another.
    `step` is one look, for tests and for the command line.
    """

    def __init__(
        self, database: Database, *, allow_private: bool, contract: Contract | None = None,
        senders: Senders | None = None, seed: int | None = None,
    ) -> None:  # fmt: skip
        self.database, self.allow_private = database, allow_private
        self.contract, self.senders = contract, senders or {}
        self._rng = random.Random(seed)
        self._stop = threading.Event()
        self._tidy_at = now()
        self._turn, self._spread_at = threading.Lock(), 0.0
        self._threads = [
            threading.Thread(target=self._run, name=f"fieldnote-worker-{number}", daemon=True)
            for number in range(THREADS)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish the deliveries in hand, then end."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=15)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                busy = self.step(spreads=self._turn_to_spread())
            except Exception:
                log.exception("worker step failed")
                busy = False
            if not busy:
                self._stop.wait(IDLE)

    def _turn_to_spread(self) -> bool:
        """One thread at a time, a few times a second: each time for all the events that have come meanwhile."""
        with self._turn:
            if time.monotonic() < self._spread_at:
                return False
            self._spread_at = time.monotonic() + GATHER
            return True

    def step(self, *, spreads: bool = True) -> bool:
        """Spread new events, deliver one that is due. Returns whether there was anything to do."""
        if self.contract is not None and now() >= self._tidy_at:
            self._tidy_at = now() + TIDY
            tidy(self.database, self.contract, self.senders, now())
            while send_digest(self.database, self.senders):
                pass
        with self.database.read() as connection:
            card = bool(self.senders) and cards.anything_due(connection)
            due_now = subscriptions.anything_due(connection, fresh=spreads)
        closed = card and close_card(self.database, self.senders)
        if not due_now:
            return closed
        with self.database.write() as connection:
            made = subscriptions.spread(connection) if spreads else 0
            due = subscriptions.take(connection)
        if due is None:
            return made > 0
        settled = self._deliver(due)
        with self.database.write() as connection:
            subscriptions.settle(connection, due, **settled)
        return True

    def _deliver(self, due: Row[Any]) -> dict[str, Any]:
        """One attempt; what `subscriptions.settle` is to keep of it. Outside every transaction and event loop."""
        if due.closed_at is not None:
            return {"done": True, "last": CLOSED}
        if due.body.get("erased"):
            return {"done": True, "last": ERASED}
        body = event_bytes(due.body)
        headers = signed_headers(body, message_id=due.event, at=now(), secrets=[due.secret])
        with span("deliver", kind=SpanKind.PRODUCER, **{"event.id": due.event, "attempt": due.attempts}) as opened:
            outcome = deliver(due.url, body, headers, allow_private=self.allow_private)
            opened.set_attribute("delivered", outcome.delivered)
        again = None if outcome.gone else next_attempt(due.attempts, now(), self._rng, first_at=due.first_at)
        return {"done": outcome.delivered, "next_at": again, "last": outcome.message, "gone": outcome.gone}
