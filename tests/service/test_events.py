"""Events reach a real listener, signed, in order; failures come again, the dead can be replayed; triggers fire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from standardwebhooks import Webhook

from service.worker import Worker
from tests.service.listening import Listener, listening


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as made:
        yield made


def subscribe(door, listener: Listener, *events: str) -> str:
    answer = door.client.post("/v1/webhooks", json={"url": listener.url, "events": list(events)})
    assert answer.status_code == 201, answer.text
    return answer.json()["secret"]


def work(door) -> None:
    worker = Worker(door.database, allow_private=True, seed=1)
    while worker.step():
        pass


def test_a_confirmed_field_arrives_signed(door, listener):
    secret = subscribe(door, listener, "field.confirmed")
    answer = door.note("王总说要等财政拨款")
    door.decide(answer, {"field": "budget_source", "action": "confirm"})
    work(door)
    headers, body = listener.got[0]
    event = Webhook(secret).verify(body.decode(), headers)
    assert event["type"] == "field.confirmed"
    assert (event["data"]["value"], event["data"]["previous"], event["data"]["version"]) == ("政府拨款", None, 1)
    assert event["data"]["evidence"][0]["text"] == "财政拨款"
    assert len(listener.got) == 1


def test_a_failed_delivery_comes_again_with_the_same_id_and_in_order(door, listener):
    subscribe(door, listener, "field.confirmed")
    listener.answers = [500]
    for amount in ("八十万", "一百万"):
        day = {"八十万": 18, "一百万": 19}[amount]
        answer = door.note(f"预算{amount}", sent_at=f"2026-03-{day}T10:20:00+08:00")
        door.decide(answer, {"field": "budget_amount", "action": "confirm"})
    work(door)
    assert len(listener.got) == 1  # the second waits for the first
    with door.database.write() as connection:
        connection.execute(text("UPDATE deliveries SET next_at = '2020-01-01 00:00:00' WHERE state = 'due'"))
    work(door)
    ids = [headers["webhook-id"] for headers, _ in listener.got]
    assert ids[0] == ids[1] != ids[2]
    assert [e["data"]["value"]["min"] for e in listener.events] == [800_000, 800_000, 1_000_000]


def test_an_undo_tells_the_crm_what_holds_again(door, listener):
    subscribe(door, listener, "field.corrected")
    one = {"field": "budget_amount"}
    door.decide(door.note("预算八十万"), {**one, "action": "confirm"})
    second = door.note("预算一百万", sent_at="2026-03-19T10:20:00+08:00")
    door.decide(second, {**one, "action": "confirm"})
    door.decide(second, {**one, "action": "undo"})
    work(door)
    data = listener.events[0]["data"]
    assert (data["value"]["min"], data["previous"]["min"], data["version"], data["undone"]) == (
        800_000, 1_000_000, 1, True,
    )  # fmt: skip


def test_gone_is_dead_at_once_and_closes_the_subscription(door, listener):
    subscribe(door, listener, "field.rejected")
    listener.answers = [410]
    for words in ("预算八十万", "预算九十万"):
        door.decide(door.note(words), {"field": "budget_amount", "action": "reject", "reason": "客户没说"})
    work(door)
    assert len(listener.got) == 1  # what waited for it is not sent either
    (dead,) = door.client.get("/v1/deliveries", params={"state": "dead"}).json()["deliveries"]
    assert dead["attempts"] == 1
    assert door.client.get("/v1/webhooks").json()["webhooks"] == []
    entries = door.client.get("/v1/audit").json()["entries"]
    assert [e["actor"] for e in entries if e["action"] == "webhook.close"] == ["policy:410"]
    answer = door.client.post(f"/v1/deliveries/{dead['id']}/replay")
    assert (answer.status_code, answer.json()["code"]) == (409, "webhook.closed")


def test_a_dead_letter_can_be_replayed(door, listener):
    subscribe(door, listener, "field.rejected")
    door.decide(door.note("预算八十万"), {"field": "budget_amount", "action": "reject", "reason": "客户没说"})
    listener.answers = [500]
    work(door)
    with door.database.write() as connection:
        connection.execute(text("UPDATE deliveries SET state = 'dead'"))
    work(door)
    (dead,) = door.client.get("/v1/deliveries", params={"state": "dead"}).json()["deliveries"]
    assert door.client.post(f"/v1/deliveries/{dead['id']}/replay").status_code == 200
    work(door)
    assert len(listener.got) == 2
    assert door.client.get("/v1/deliveries", params={"state": "dead"}).json()["deliveries"] == []


def test_an_expansion_plan_triggers_a_strategy(door, listener):
    subscribe(door, listener, "strategy.triggered")
    answer = door.note("客户提到明年要扩建两条产线")
    door.decide(answer, {"field": "expansion_plan", "action": "confirm"})
    work(door)
    assert [e["data"]["text"] for e in listener.events] == ["向客户发送产线规划咨询包"]


def test_private_targets_are_refused_unless_allowed(rules, tmp_path):
    from fastapi.testclient import TestClient

    from service.app import create_app
    from service.settings import Settings
    from service.store.keys import create_key

    app = create_app(rules, Settings(database_url=f"sqlite:///{tmp_path}/f.db", worker=False))
    with app.state.database.write() as connection:
        key = create_key(connection, "demo", ["manage"])
    with TestClient(app) as client:
        for url in ("http://127.0.0.1/x", "http://169.254.169.254/latest", "http://[::1]/", "ftp://example.com"):
            refused = client.post(
                "/v1/webhooks",
                json={"url": url, "events": ["field.confirmed"]},
                headers={"Authorization": f"Bearer {key}"},
            )
            assert refused.status_code == 422, url


def test_another_tenant_hears_nothing(door, listener):
    answer = door.client.post(
        "/v1/webhooks", json={"url": listener.url, "events": ["field.confirmed"]}, headers=door.key("other")
    )
    assert answer.status_code == 201
    door.decide(door.note("预算八十万"), {"field": "budget_amount", "action": "confirm"})
    work(door)
    assert listener.got == []


def test_what_was_erased_before_it_was_sent_is_not_sent(door, listener):
    subscribe(door, listener, "field.confirmed")
    door.decide(door.note("预算八十万"), {"field": "budget_amount", "action": "confirm"})
    assert door.client.delete("/v1/customers/恒力机械").status_code == 200
    work(door)
    assert listener.got == []
    (kept,) = door.client.get("/v1/deliveries").json()["deliveries"]
    assert (kept["state"], kept["last"]) == ("done", "内容已按要求删除，不再推送")
