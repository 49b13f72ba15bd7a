"""Kill -9 in the middle of extractions and decisions: what was acknowledged is there, nothing is applied twice.

    python -m benchmarks.crash [--requests 5000] [--kills 20]

Half of the requests store a note, half decide on its suggestions, from eight clients. A client that loses its
connection repeats the same request under the same Idempotency-Key until it is answered. Then the books are checked.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select

from benchmarks import RESULTS, save
from benchmarks.postgres import cluster
from benchmarks.running import Listener, Service, listener
from service.store import audit
from service.store.database import Database, open_database
from service.store.keys import create_key
from service.store.tables import decisions, deliveries, extractions, notes, outbox, suggestions

CLIENTS = 8
PATIENCE = 0.25  # seconds before a client repeats
STALLED = 300  # seconds without a delivery after which the rest is given up; a killed worker's lease lasts 120
TEXTS = ("王总说要等财政拨款", "下周三带样品上门", "预算大概八十万，年底前定", "明年要扩建两条产线，李工负责")


class Clients:
    """Clients that repeat what was not answered; `acknowledged` counts answers."""

    def __init__(self, service: Service, key: str) -> None:
        self.service, self.headers = service, {"Authorization": f"Bearer {key}"}
        self.stored: dict[int, dict[str, Any]] = {}
        self.decided: dict[int, dict[str, Any]] = {}
        self.acknowledged = 0
        self.repeats = 0
        self._lock = threading.Lock()
        self._http = httpx.Client(timeout=30, limits=httpx.Limits(max_connections=CLIENTS))

    def one(self, number: int) -> None:
        """Store a note, then confirm all its suggestions."""
        note = {
            "id": f"n{number}", "text": TEXTS[number % len(TEXTS)], "sent_at": "2026-03-18T10:20:00+08:00",
            "customer": f"客户{number % 500}", "author": f"rep{number % 20}",
        }  # fmt: skip
        answer = self._post("/v1/extractions", {"note": note, "store": True}, f"e{number}")
        self.stored[number] = answer
        wanted = [{"suggestion_id": f["suggestion_id"], "action": "confirm"} for f in answer["fields"]]
        self.decided[number] = self._post(
            f"/v1/extractions/{answer['id']}/decisions", {"decisions": wanted}, f"d{number}"
        )

    def _post(self, path: str, body: dict[str, Any], key: str) -> dict[str, Any]:
        while True:
            try:
                headers = {**self.headers, "Idempotency-Key": key}
                answer = self._http.post(self.service.url + path, json=body, headers=headers)
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.status_code < 300:
                with self._lock:
                    self.acknowledged += 1
                found: dict[str, Any] = answer.json()
                return found
            if answer is not None and answer.status_code not in (429, 500, 503):
                raise AssertionError(f"{path}: {answer.status_code} {answer.text[:300]}")
            with self._lock:
                self.repeats += 1
            time.sleep(PATIENCE)


def run(url: str, *, requests: int, kills: int) -> dict[str, Any]:
    """One run on one database; every figure of the result is a count."""
    database = open_database(url)
    with database.write() as connection:
        key = create_key(connection, "demo", ["extract", "confirm", "manage"])
    service, start = Service(url), time.monotonic()
    with listener() as crm:
        service.start()
        events = ["suggestion.created", "field.confirmed", "strategy.triggered"]
        headers = {"Authorization": f"Bearer {key}"}
        httpx.post(
            f"{service.url}/v1/webhooks", json={"url": crm.url, "events": events}, headers=headers
        ).raise_for_status()
        clients = Clients(service, key)
        try:
            with ThreadPoolExecutor(CLIENTS) as pool:
                work = [pool.submit(clients.one, n) for n in range(requests // 2)]
                killed = _kill(service, clients, requests, kills)
                for item in work:
                    item.result()
            _drain(database, crm)
        finally:
            service.stop()
        counts = {"requests": requests, "kills": killed, "repeated_requests": clients.repeats}
        result = counts | _check(database, clients, crm) | {"seconds": round(time.monotonic() - start, 1)}
    database.close()
    return result


def _kill(service: Service, clients: Clients, requests: int, kills: int) -> int:
    """Kill at moments spread over the work, each a little off its mark."""
    rng = random.Random(4)
    marks = [int(requests * (n + rng.uniform(0.2, 0.8)) / (kills + 1)) for n in range(1, kills + 1)]
    for mark in marks:
        while clients.acknowledged < mark:
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.02))
        service.kill()
        service.start()
        print(f"{clients.acknowledged} of {requests} answered, killed {marks.index(mark) + 1} times", flush=True)
    return len(marks)


def _drain(database: Database, crm: Listener) -> None:
    """Until every event is spread and every delivery settled, or nothing has arrived for `STALLED` seconds."""
    fresh = select(func.count()).select_from(outbox).where(outbox.c.spread_at.is_(None))
    open_ones = select(func.count()).select_from(deliveries).where(deliveries.c.state == "due")
    arrived, since = -1, time.monotonic()
    while time.monotonic() - since < STALLED:
        with database.read() as connection:
            left = sum(connection.execute(query).scalar_one() for query in (fresh, open_ones))
        if left == 0:
            return
        if len(crm.received) > arrived:
            arrived, since = len(crm.received), time.monotonic()
        print(f"{left} deliveries to come", flush=True)
        time.sleep(5)


def _check(database: Database, clients: Clients, crm: Listener) -> dict[str, Any]:
    """The books against what the clients were told; all of `lost` … `chain_breaks` must be 0."""
    with database.read() as connection:
        kept = {r.id for r in connection.execute(select(extractions.c.id))}
        states = {r.id: r.state for r in connection.execute(select(suggestions.c.id, suggestions.c.state))}
        decided = Counter(r.suggestion for r in connection.execute(select(decisions.c.suggestion)))
        count_of_notes = connection.execute(select(func.count()).select_from(notes)).scalar_one()
        events = connection.execute(select(outbox.c.id, outbox.c.customer).order_by(outbox.c.seq)).all()
        undelivered = select(func.count()).select_from(deliveries).where(deliveries.c.state != "done")
        open_deliveries = connection.execute(undelivered).scalar_one()
        breaks = len(list(audit.verify(connection)))
    told = [f["suggestion_id"] for answer in clients.decided.values() for f in answer["fields"]]
    arrived = [d.id for d in crm.received]
    seen = set(arrived)
    return {
        "lost_extractions": sum(a["id"] not in kept for a in clients.stored.values()),
        "doubled_extractions": len(kept) - len(clients.stored) + count_of_notes - len(clients.stored),
        "lost_decisions": sum(states.get(s) != "confirmed" for s in told),
        "doubled_decisions": sum(n > 1 for n in decided.values()),
        "events": len(events),
        "lost_events": sum(e.id not in seen for e in events),
        "unknown_events": len(seen - {e.id for e in events}),
        "out_of_order": _out_of_order(events, arrived),
        "open_deliveries": open_deliveries,
        "repeated_events": len(arrived) - len(seen),
        "chain_breaks": breaks,
    }


def _out_of_order(events: Any, arrived: list[str]) -> int:
    """First arrivals that came before an older event of the same customer."""
    place = {event.id: number for number, event in enumerate(events)}
    customer = {event.id: event.customer for event in events}
    last: dict[str, int] = {}
    wrong = 0
    for name in dict.fromkeys(arrived):
        wrong += place[name] < last.get(customer[name], -1)
        last[customer[name]] = max(place[name], last.get(customer[name], -1))
    return wrong


def _before() -> dict[str, Any]:
    """Figures of the other database, from a run before."""
    file = RESULTS / "crash.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def main() -> None:
    """Both databases, or one beside the figures of the other; saved as `crash.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    given = parser.parse_args()
    result = _before() if given.only else {}
    if given.only != "postgresql":
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{Path(folder) / 'fieldnote.db'}"
            result["sqlite"] = run(url, requests=given.requests, kills=given.kills)
            print("sqlite", result["sqlite"], flush=True)
    if given.only != "sqlite":
        with cluster() as url:
            result["postgresql"] = run(url, requests=given.requests, kills=given.kills)
            print("postgresql", result["postgresql"], flush=True)
    save("crash", result)


if __name__ == "__main__":
    main()
