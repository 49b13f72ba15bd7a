"""A newer note against a confirmed value; what holds after an undo. On SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from service.store.database import now
from service.store.tables import outbox, reconfirmations

LATER = "2026-03-19T10:20:00+08:00"
LAST = "2026-03-20T10:20:00+08:00"
ONE = {"field": "budget_amount", "action": "confirm"}
SOURCE = {"field": "budget_source", "action": "confirm"}


def held(door, text: str = "预算八十万", decision=ONE, **given) -> dict:
    note = door.note(text, **given)
    assert door.decide(note, decision).status_code == 200
    return note


def open_ones(door) -> list[dict]:
    return door.client.get("/v1/reconfirmations").json()["reconfirmations"]


def amount(door) -> int | None:
    value = door.values().get("budget_amount")
    return value and value["min"]


def test_another_value_asks_again_until_it_is_decided(door):
    held(door)
    door.note("预算九十万", sent_at="2026-03-01T10:20:00+08:00")  # older than what holds
    assert open_ones(door) == []
    newer = door.note("预算改成一百万了", sent_at=LATER, author="小李")
    (asked,) = open_ones(door)
    assert (asked["why"], asked["overdue"], asked["contradicts"]["value"]["min"]) == ("contradicted", False, 800_000)
    items = door.client.get("/v1/inbox", params={"author": "小李"}).json()["items"]
    (item,) = [i for i in items if i["field"] == "budget_amount"]
    assert item["reconfirm"] is True
    assert item["contradicts"] == asked["contradicts"]
    with door.database.write() as connection:
        row = connection.execute(select(reconfirmations)).one()
        assert row.due_at - row.made_at == timedelta(hours=2)
        connection.execute(update(reconfirmations).values(due_at=now()))
    assert door.client.get("/v1/quality").json()["reconfirm"] == {"open": 1, "overdue": 1}
    door.decide(newer, ONE)
    assert (open_ones(door), amount(door)) == ([], 1_000_000)
    door.decide(newer, {"field": "budget_amount", "action": "undo"})
    assert (len(open_ones(door)), amount(door)) == (1, 800_000)


def test_looked_at_again_the_value_stays(door):
    held(door)
    newer = door.note("预算一百万", sent_at=LATER)
    path = f"/v1/reconfirmations/{open_ones(door)[0]['id']}"
    assert door.client.post(path, json={"action": "keep"}).status_code == 200
    assert (open_ones(door), amount(door)) == ([], 800_000)
    states = {f["field"]: f["state"] for f in door.client.get(f"/v1/extractions/{newer['id']}").json()["fields"]}
    assert states["budget_amount"] == "rejected"
    assert door.client.post(path, json={"action": "withdraw"}).json()["code"] == "reconfirm.settled"
    found = door.client.get("/v1/customers/恒力机械/fields/budget_amount/lineage").json()
    assert [n["outcome"] for n in found["nodes"] if n["kind"] == "reconfirmation"] == ["kept"]


def test_a_retraction_supersedes_what_waits_and_puts_in_question_what_holds(door):
    held(door, "走财政拨款", SOURCE)
    waiting = door.note("等财政拨款下来", sent_at=LATER)
    door.note("之前说的财政拨款黄了，不走财政了", sent_at=LAST)
    states = {f["field"]: f["state"] for f in door.client.get(f"/v1/extractions/{waiting['id']}").json()["fields"]}
    assert states["budget_source"] == "superseded"
    (asked,) = door.client.get("/v1/inbox").json()["retractions"]
    assert (asked["why"], asked["evidence"][0]["text"]) == ("retracted", "财政拨款")
    assert door.client.post(f"/v1/reconfirmations/{asked['id']}", json={"action": "withdraw"}).status_code == 200
    assert "budget_source" not in door.values()
    with door.database.read() as connection:
        last = connection.execute(select(outbox).order_by(outbox.c.seq.desc())).first()
    assert (last.type, last.body["data"]["value"], last.body["data"]["previous"]) == (
        "field.corrected",
        None,
        "政府拨款",
    )


def test_an_edited_note_takes_its_question_along(door):
    held(door)
    door.note("预算一百万", sent_at=LATER, id="m2")
    door.note("还没谈预算", sent_at=LATER, id="m2")
    assert open_ones(door) == []


def test_undone_in_the_middle_stays_undone(door):
    first = held(door)
    second = held(door, "预算九十万", sent_at=LATER)
    third = held(door, "预算一百万", sent_at=LAST)
    undo = {"field": "budget_amount", "action": "undo"}
    door.decide(second, undo)
    assert amount(door) == 1_000_000
    door.decide(third, undo)
    assert amount(door) == 800_000
    door.decide(first, undo)
    assert amount(door) is None


def test_many_values_stand_on_their_own_and_on_each_of_their_notes(door):
    first = held(door, "走财政拨款", SOURCE)
    again = held(door, "还是财政拨款", SOURCE, sent_at=LATER)
    other = held(door, "一半自筹资金", SOURCE, sent_at=LAST)
    undo = {"field": "budget_source", "action": "undo"}

    def sources() -> list:
        rows = door.client.get("/v1/customers/恒力机械/fields").json()["fields"]
        return sorted(r["value"] for r in rows if r["field"] == "budget_source")

    both = sorted(["政府拨款", "自有资金"])
    assert sources() == both
    door.decide(first, undo)
    assert sources() == both
    door.decide(again, undo)
    assert sources() == ["自有资金"]
    door.decide(other, undo)
    assert sources() == []


def test_a_value_kept_out_as_older_holds_once_the_newer_is_undone(door):
    newer = held(door, "预算一百万", sent_at=LATER)
    held(door, "预算八十万")
    assert amount(door) == 1_000_000
    door.decide(newer, {"field": "budget_amount", "action": "undo"})
    assert amount(door) == 800_000


def test_a_correction_shows_its_own_evidence(door):
    note = door.note("预算八十万，后来说九十万左右")
    wrong = {"field": "budget_amount", "action": "correct", "value": "九十万", "evidence": [{"start": 9, "end": 99}]}
    assert door.decide(note, wrong).json()["code"] == "decision.evidence"
    door.decide(note, {**wrong, "evidence": [{"start": 9, "end": 12}]})
    with door.database.read() as connection:
        bodies = [r.body for r in connection.execute(select(outbox).where(outbox.c.type == "field.corrected"))]
    assert [e["text"] for e in bodies[0]["data"]["evidence"]] == ["九十万"]
    found = door.client.get("/v1/customers/恒力机械/fields/budget_amount/lineage").json()
    decision = next(n["id"] for n in found["nodes"] if n["kind"] == "decision")
    shown = [e["to"] for e in found["edges"] if e["from"] == decision]
    assert "九十万" in [n.get("text") for n in found["nodes"] if n["id"] in shown]


def test_said_again_a_value_is_fresh(door):
    held(door)
    held(door, "预算还是八十万", sent_at=LAST)
    held(door, "预算九十万", sent_at=LATER)  # between the two: does not overwrite
    assert amount(door) == 800_000
