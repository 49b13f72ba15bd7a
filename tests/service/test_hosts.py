"""Two processes on one PostgreSQL, as two hosts are: they share the outbox, nothing comes twice or out of order."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import func, select

from benchmarks.postgres import new_database
from service.store import outbox, subscriptions
from service.store.database import open_database
from service.store.keys import Caller, ensure_tenant
from service.store.tables import deliveries
from service.worker import THREADS

CUSTOMERS, EACH = 10, 3
SECONDS = 60  # until which all must have come; only a failure waits so long
HOST = """
import sys
from service.store.database import open_database
from service.worker import Worker
database = open_database(sys.argv[1])
worker = Worker(database, allow_private=True)
worker.start()
sys.stdin.read()
worker.stop()
database.close()
"""


class Crm:
    """Holds what arrives until more of it is under way than one process has threads, then lets all through."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.lock, self.under_way = threading.Lock(), 0
        self.shared, self.complete = threading.Event(), threading.Event()
        crm = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                crm.receive(self.headers["webhook-id"])
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def receive(self, name: str) -> None:
        with self.lock:
            self.ids.append(name)
            self.under_way += 1
            if self.under_way > THREADS:
                self.shared.set()
            if len(self.ids) >= CUSTOMERS * EACH:
                self.complete.set()
        self.shared.wait(SECONDS)
        with self.lock:
            self.under_way -= 1


@pytest.fixture
def crm() -> Iterator[Crm]:
    made = Crm()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


@contextmanager
def host(url: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that delivers until its input ends."""
    process = subprocess.Popen([sys.executable, "-c", HOST, url], stdin=subprocess.PIPE)
    try:
        yield process
    finally:
        process.communicate(timeout=SECONDS)
    assert process.returncode == 0


def test_two_processes_share_the_outbox(postgres, crm):
    url = new_database(postgres, "hosts")
    database, caller = open_database(url), Caller("demo", "test", frozenset({"manage"}))
    with database.write() as connection:
        ensure_tenant(connection, "demo")
        subscriptions.create(connection, caller, crm.url, ["field.confirmed"], allow_private=True)
    for number in range(EACH):
        for customer in range(CUSTOMERS):
            with database.write() as connection:
                event = ("field.confirmed", {"customer": f"c{customer}", "number": number})
                outbox.add(connection, "demo", f"c{customer}", [event])
    with host(url), host(url):
        assert crm.shared.wait(SECONDS), "one process did all the work"
        assert crm.complete.wait(SECONDS)
    assert max(Counter(crm.ids).values()) == 1
    with database.read() as connection:
        sent = connection.execute(select(outbox.outbox.c.id, outbox.outbox.c.customer).order_by(outbox.outbox.c.seq))
        order = [(row.customer, row.id) for row in sent]
        states = dict(connection.execute(select(deliveries.c.state, func.count()).group_by(deliveries.c.state)).all())
    database.close()
    place = {name: number for number, name in enumerate(crm.ids)}
    for customer in {customer for customer, _ in order}:
        arrived = [place[name] for whose, name in order if whose == customer]
        assert arrived == sorted(arrived)
    assert states == {"done": CUSTOMERS * EACH}
