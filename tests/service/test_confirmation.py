"""From a note to a confirmed value: states, conflicts, idempotency, policy, lineage. On SQLite and PostgreSQL."""

from __future__ import annotations

import json

import pytest

from service.watermark import read_watermark

SEED = "王总说要等财政拨款"


def test_a_note_becomes_suggestions_that_await_a_decision(door):
    answer = door.note(SEED, id="m1", author="小李")
    assert {f["state"] for f in answer["fields"]} == {"pending"}
    items = door.client.get("/v1/inbox", params={"author": "小李"}).json()["items"]
    assert [i["suggestion_id"] for i in items] == [f["suggestion_id"] for f in answer["fields"]]
    again = door.client.get(f"/v1/extractions/{answer['id']}")
    assert again.json()["fields"] == answer["fields"]
    assert again.headers["etag"] == '"1"'


def test_confirm_correct_and_reject(door):
    answer = door.note(SEED)
    decided = door.decide(
        answer,
        {"field": "budget_source", "action": "confirm"},
        {"field": "decision_cycle", "action": "correct", "value": "下个月底"},
        {"field": "contact_person", "action": "reject", "reason": "认错人了"},
    )
    assert decided.status_code == 200
    states = {f["field"]: f["state"] for f in decided.json()["fields"]}
    assert states == {"budget_source": "confirmed", "decision_cycle": "corrected", "contact_person": "rejected"}
    values = door.values()
    assert values["budget_source"] == "政府拨款"
    assert (values["decision_cycle"]["start"], values["decision_cycle"]["end"]) == ("2026-04-21", "2026-04-30")
    assert "contact_person" not in values


@pytest.mark.parametrize(
    ("text", "field", "value", "code"),
    [
        ("电话13800138000", "contact_phone", "138OO138000", "contract."),
        (SEED, "budget_source", "天上掉的", "contract.choice"),
        (SEED, "budget_source", {"a": 1}, "contract.shape"),
        (SEED, "decision_cycle", "说不好", "contract.unreadable"),
    ],
)
def test_a_value_the_contract_refuses_says_what_to_enter(door, text, field, value, code):
    answer = door.note(text)
    refused = door.decide(answer, {"field": field, "action": "correct", "value": value})
    assert refused.status_code == 422
    assert refused.json()["code"].startswith(code)
    assert door.values() == {}


def test_a_rejection_needs_a_reason(door):
    refused = door.decide(door.note(SEED), {"field": "budget_source", "action": "reject"})
    assert (refused.status_code, refused.json()["code"]) == (422, "decision.reason")


def test_two_people_at_once_one_wins(door):
    answer = door.note(SEED)
    one = {"field": "budget_source", "action": "confirm"}
    assert door.decide(answer, one, **{"If-Match": '"1"'}).status_code == 200
    lost = door.decide(answer, one, **{"If-Match": '"1"'})
    assert lost.status_code == 409
    states = {f["field"]: f["state"] for f in lost.json()["current"]["fields"]}
    assert states["budget_source"] == "confirmed"


def test_all_or_nothing(door):
    answer = door.note(SEED)
    refused = door.decide(
        answer,
        {"field": "budget_source", "action": "confirm"},
        {"field": "decision_cycle", "action": "correct", "value": "说不好"},
    )
    assert refused.status_code == 422
    assert door.values() == {}


def test_the_same_idempotency_key_decides_once(door):
    answer = door.note(SEED)
    one = {"field": "budget_source", "action": "confirm"}
    first = door.decide(answer, one, **{"Idempotency-Key": "k1"})
    assert door.decide(answer, one, **{"Idempotency-Key": "k1"}).json() == first.json()
    other = door.decide(answer, {"field": "decision_cycle", "action": "confirm"}, **{"Idempotency-Key": "k1"})
    assert (other.status_code, other.json()["code"]) == (409, "idempotency.reused")


def test_an_undone_decision_brings_the_older_value_back(door):
    first, second = door.note("预算八十万"), door.note("预算一百万", sent_at="2026-03-19T10:20:00+08:00")
    one = {"field": "budget_amount", "action": "confirm"}
    door.decide(first, one)
    door.decide(second, one)
    assert door.values()["budget_amount"]["min"] == 1_000_000
    assert door.decide(second, {"field": "budget_amount", "action": "undo"}).status_code == 200
    assert door.values()["budget_amount"]["min"] == 800_000


def test_an_older_note_does_not_overwrite_a_newer_one(door):
    new = door.note("预算一百万", sent_at="2026-03-19T10:20:00+08:00")
    old = door.note("预算八十万", sent_at="2026-03-01T10:20:00+08:00")
    one = {"field": "budget_amount", "action": "confirm"}
    door.decide(new, one)
    assert door.decide(old, one).status_code == 200
    assert door.values()["budget_amount"]["min"] == 1_000_000


def test_an_edited_note_supersedes_its_older_suggestions(door):
    first = door.note(SEED, id="m1")
    door.note("王总说自己出钱", id="m1")
    states = {f["state"] for f in door.client.get(f"/v1/extractions/{first['id']}").json()["fields"]}
    assert states == {"superseded"}


def test_lineage_walks_back_to_the_words_and_through_earlier_values(door):
    one = {"field": "budget_amount", "action": "confirm"}
    door.decide(door.note("预算八十万"), one)
    door.decide(door.note("预算一百万", sent_at="2026-03-19T10:20:00+08:00"), one)
    found = door.client.get("/v1/customers/恒力机械/fields/budget_amount/lineage").json()
    kinds = [n["kind"] for n in found["nodes"]]
    assert kinds.count("value") == 2
    assert {"decision", "suggestion", "evidence", "note", "rule"} <= set(kinds)
    assert [n["value"]["min"] for n in found["nodes"] if n["kind"] == "value"] == [1_000_000, 800_000]
    words = [n["text"] for n in found["nodes"] if n["kind"] == "evidence"]
    assert words == ["一百万", "八十万"]


def test_the_inbox_is_paged(door):
    for n in range(5):
        door.note(f"预算{n + 1}0万", customer=f"c{n}")
    seen, cursor = [], None
    while True:
        page = door.client.get("/v1/inbox", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [i["customer"] for i in page["items"]]
        cursor = page["next"]
        if not cursor:
            break
    assert seen == ["c0", "c1", "c2", "c3", "c4"]


def test_forgetting_a_customer_keeps_the_chain(door, tmp_path):
    from service.store.audit import verify

    door.decide(door.note("王总电话13800138000"), {"field": "contact_phone", "action": "confirm"})
    exported = door.client.get("/v1/customers/恒力机械/export")
    _, *rows = map(json.loads, exported.text.splitlines())
    assert [r["value"] for r in rows if r["kind"] == "value"] == ["13800138000"]
    file = tmp_path / "export.jsonl"
    file.write_bytes(exported.content)
    assert read_watermark(file, door.app.state.settings.signing_key()).tenant == "demo"
    gone = door.client.delete("/v1/customers/恒力机械").json()["erased"]
    assert gone["values"] == 1
    assert door.values() == {}
    with door.database.read() as connection:
        assert list(verify(connection)) == []
        from sqlalchemy import text

        tables = ("notes", "suggestions", "decisions", "confirmed", "outbox", "audit", "idempotency")
        everything = [str(r) for t in tables for r in connection.execute(text(f"SELECT * FROM {t}"))]
    assert not [row for row in everything if "13800138000" in row or "王总" in row]


def test_a_changed_audit_log_shows(door):
    from sqlalchemy import text

    from service.store.audit import verify

    door.note(SEED)
    with door.database.write() as connection:
        assert list(verify(connection)) == []
        connection.execute(text("UPDATE audit SET actor = 'somebody' WHERE seq = 2"))
    with door.database.read() as connection:
        assert [b.seq for b in verify(connection)] == [2]


def test_quality_counts(door):
    door.decide(door.note(SEED, author="小李"), {"field": "budget_source", "action": "confirm"})
    figures = door.client.get("/v1/quality").json()
    assert figures["total"]["states"] == {"confirmed": 1, "pending": 2}
    assert figures["reps"]["小李"]["adoption"] == 1.0
    assert figures["traceability"] == 1.0


def test_phones_are_masked_without_the_right(door):
    door.decide(door.note("王总电话13800138000"), {"field": "contact_phone", "action": "confirm"})
    other = door.key("demo", "extract")
    rows = door.client.get("/v1/customers/恒力机械/fields", headers=other).json()["fields"]
    assert [r["value"] for r in rows] == ["138****8000"]
