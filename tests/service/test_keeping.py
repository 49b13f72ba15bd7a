"""Many notes kept at once: as if one after the other."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import event, select

from extractor.pipeline import Engine
from extractor.types import Note
from service.engine import traced_json
from service.problems import ServiceError
from service.store import audit
from service.store.database import open_database
from service.store.keeping import Answered, apart, keep_many
from service.store.keys import Caller, create_key
from service.store.once import Ask, once_many
from service.store.tables import outbox

TENANTS = ("a", "b")


@pytest.fixture
def database(database_url: str):
    database = open_database(database_url)
    with database.write() as connection:
        for tenant in TENANTS:
            create_key(connection, tenant, ["extract"])
    yield database
    database.close()


def _answered(rules: Engine, tenant: str, customer: str, name: str = "") -> Answered:
    note = Note(name, "王总说预算80万", datetime(2026, 3, 18, 2, 20, tzinfo=UTC), customer=customer)
    answer = traced_json(rules.extract(note))
    return Answered(Caller(tenant, "key:x", frozenset({"extract"})), note, answer, rules.contract)


def test_as_many_statements_for_many_notes_as_for_one(database, rules):
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    counts = []
    for size in (2, 20):
        statements.clear()
        with database.write() as connection:
            kept = keep_many(connection, [_answered(rules, "a", f"客户{size}-{n}") for n in range(size)])
        counts.append(len(statements))
        assert len({k.id for k in kept}) == size
    assert counts[0] == counts[1]


def test_tenants_keep_their_own_chains_and_events_their_order(database, rules):
    items = [_answered(rules, TENANTS[n % 2], f"客户{n}") for n in range(6)]
    with database.write() as connection:
        kept = keep_many(connection, items)
    with database.read() as connection:
        assert list(audit.verify(connection)) == []
        entries = [audit.entries(connection, t, audit.Wanted(action="extraction.create")) for t in TENANTS]
        told = [row.body["data"]["suggestion_id"] for row in connection.execute(select(outbox).order_by(outbox.c.seq))]
    assert [[e["object"] for e in reversed(own)] for own in entries] == [[k.id for k in kept[n::2]] for n in (0, 1)]
    assert told == [field["suggestion_id"] for k in kept for field in k.answer["fields"]]


def test_notes_that_concern_each_other_are_not_kept_at_once(rules):
    one, other = _answered(rules, "a", "恒力", "n1"), _answered(rules, "a", "东方", "n2")
    again, foreign = _answered(rules, "a", "第三家", "n1"), _answered(rules, "b", "恒力", "n1")
    same_customer = _answered(rules, "a", "恒力")
    assert list(apart([one, other, foreign, again, same_customer])) == [[one, other, foreign], [again, same_customer]]
    assert list(apart([one, same_customer])) == [[one], [same_customer]]


def test_repeats_under_a_key_among_many(database):
    def ask(key: str | None, what: str = "x") -> Ask:
        return Ask("a", key, lambda: what)

    made: list[list[int]] = []

    def make(fresh):
        made.append(list(fresh))
        return [(201, {"n": n}) for n in fresh]

    with database.write() as connection:
        first = once_many(connection, [ask("k"), ask(None), ask("k"), ask("l")], make)
    with database.write() as connection:
        again = once_many(connection, [ask("m"), ask("l"), ask(None)], make)
        with pytest.raises(ServiceError, match="Idempotency-Key"):
            once_many(connection, [ask("m"), ask("k", "y")], make)
    assert made[:2] == [[0, 1, 3], [0, 2]]
    assert [body["n"] for _, body in first] == [0, 1, 0, 3]
    assert [body["n"] for _, body in again] == [0, 3, 2]
