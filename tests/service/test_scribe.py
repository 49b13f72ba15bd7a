"""Works that wait together share a transaction; one that fails does not spoil the others."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, event, func, insert, select

from service.problems import ServiceError
from service.store.database import now, open_database
from service.store.scribe import Scribe
from service.store.tables import tenants


def tenant(name: str) -> Callable[[Connection], str]:
    def work(connection: Connection) -> str:
        row = {"id": name, "created_at": now(), "settings": {}, "audit_seq": 0, "audit_hash": ""}
        connection.execute(insert(tenants).values(**row))
        return name

    return work


def refused(connection: Connection) -> None:
    tenant("half")(connection)
    raise ServiceError(422, "test.refused", "不行")


@pytest.mark.parametrize("bad", [False, True])
def test_what_waits_together_is_committed_together(database_url: str, bad: bool):
    database = open_database(database_url)
    scribe, commits, gate = Scribe(database), [], threading.Event()
    event.listen(database.engine, "commit", lambda _: commits.append(1))
    held = scribe.write(lambda _: gate.wait(30))  # while it is at work, the others queue up
    futures = [scribe.write(tenant(f"t{n}")) for n in range(5)]
    wrong = scribe.write(refused) if bad else None
    later = scribe.write(tenant("later"))
    gate.set()
    assert held.result(30)
    assert [f.result(30) for f in (*futures, later)] == ["t0", "t1", "t2", "t3", "t4", "later"]
    if wrong is not None:
        with pytest.raises(ServiceError):
            wrong.result(30)
    scribe.stop()
    with database.read() as connection:
        names = set(connection.execute(select(tenants.c.id)).scalars())
        assert connection.execute(select(func.count()).select_from(tenants)).scalar() == 6
    assert names == {"t0", "t1", "t2", "t3", "t4", "later"}
    assert len(commits) >= 6 if bad else len(commits) <= 2
    database.close()


def test_a_stopped_scribe_has_done_what_it_was_given(database_url: str):
    database = open_database(database_url)
    scribe = Scribe(database)
    futures = [scribe.write(tenant(f"t{n}")) for n in range(50)]
    scribe.stop()
    assert all(f.done() for f in futures)
    database.close()
