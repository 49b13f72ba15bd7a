"""What is kept of a customer goes from every table; who read what is written down."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from service.store.audit import verify
from service.store.tables import metadata

WORDS = ("13612345007", "八十万", "王总", "丁家机械", "一百万")
TEXT = "丁家机械的王总说等财政拨款，电话13612345007，预算八十万"


@pytest.fixture
def database_url(tmp_path) -> str:
    return f"sqlite:///{tmp_path}/fieldnote.db"


def kept(door) -> list[tuple[str, str]]:
    """Rows of any table that still hold something of it. Settings of the tenant are its own words."""
    with door.database.read() as connection:
        rows = [(t.name, str(row)) for t in metadata.sorted_tables for row in connection.execute(select(t))]
    return [(name, row) for name, row in rows if any(word in row for word in WORDS)]


def fill(door) -> dict:
    """A customer in all tables that can hold one: notes, answers, events, a chat, a task, a question, a repeat."""
    client = door.client
    hook = {"url": "http://127.0.0.1:9/", "events": ["suggestion.created", "field.confirmed"]}
    assert client.post("/v1/webhooks", json=hook).status_code == 201
    note = {"id": "m1", "text": TEXT, "sent_at": "2026-03-18T10:20:00+08:00", "customer": "丁家机械", "author": "小李"}
    made = client.post("/v1/extractions", json={"note": note}, headers={"Idempotency-Key": "k1"}).json()
    for field in ("contact_phone", "budget_amount"):
        assert door.decide(made, {"field": field, "action": "confirm"}).status_code == 200
    said = {"message_id": "c1", "from": "小李", "text": TEXT, "sent_at": note["sent_at"], "customer": "丁家机械"}
    assert client.post("/v1/channels/wechat/messages", json=said).status_code == 200
    later = {**note, "id": "m2", "text": "预算改成一百万", "sent_at": "2026-03-20T10:20:00+08:00"}
    assert client.post("/v1/extractions", json={"note": later}).status_code == 201
    assert client.post("/v1/annotation/next").json()["task"]
    return made


def test_nothing_of_a_forgotten_customer_stays_in_any_table(door):
    made = fill(door)
    tables = {name for name, _ in kept(door)}
    assert {"notes", "suggestions", "decisions", "confirmed", "outbox", "messages", "idempotency"} <= tables
    assert door.client.delete("/v1/customers/丁家机械").status_code == 200
    left = kept(door)
    assert not left, [(name, word, row) for name, row in left for word in WORDS if word in row][:3]
    assert door.client.get("/v1/inbox").json()["items"] == []
    fields = door.client.get(f"/v1/extractions/{made['id']}").json()["fields"]
    assert {f["state"] for f in fields} <= {"confirmed", "expired"}
    late = door.decide(made, {"field": "budget_source", "action": "confirm"})
    assert late.status_code == 409, late.text
    with door.database.read() as connection:
        assert list(verify(connection)) == []


def test_reading_is_written_down_without_names(door):
    made = fill(door)
    manager = door.key("demo", "manage", "confirm")
    path = "/v1/customers/丁家机械"
    for url in (f"/v1/extractions/{made['id']}", "/v1/inbox", f"{path}/fields", f"{path}/export"):
        assert door.client.get(url, headers=manager).status_code == 200
    assert door.client.get(f"{path}/fields/contact_phone/lineage", headers=manager).status_code == 200
    entries = door.client.get("/v1/audit", params={"limit": 5}).json()["entries"]
    read = ["customer.lineage", "customer.export", "customer.read", "inbox.read", "extraction.read"]
    assert [e["action"] for e in entries] == read
    assert len({e["actor"] for e in entries}) == 1
    assert not [word for word in WORDS if word in str(entries)]
