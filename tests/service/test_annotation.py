"""Annotation over HTTP: who gets which note, what they may send, and when a note is closed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

import pytest

from annotation.queue import Mix, pick
from extractor.types import Note, Result
from service.annotating import Annotating, begin_next
from service.store import annotation as store
from service.store import keeping
from service.store.audit import verify
from service.store.keys import Caller, create_key

TEXT = "王总说要等财政拨款，预算八十万"
FISCAL = {"field": "budget_source", "evidence": [{"start": 5, "end": 9}], "value": "政府拨款", "certain": True}
AMOUNT = {"field": "budget_amount", "evidence": [{"start": 12, "end": 15}], "value": "八十万"}


@dataclass
class Person:
    door: object
    headers: dict[str, str]

    def post(self, path: str, body: object = None, **headers: str):
        return self.door.client.post(f"/v1/annotation{path}", json=body, headers={**self.headers, **headers})

    def next(self) -> dict | None:
        answer = self.post("/next")
        assert answer.status_code == 200, answer.text
        return answer.json()["task"]

    def save(self, task: str, *marks: dict, **headers: str):
        path = f"/v1/annotation/tasks/{task}/marks"
        return self.door.client.put(path, json={"marks": marks}, headers={**self.headers, **headers})

    def finish(self, task: str, *marks: dict, **headers: str):
        return self.post(f"/tasks/{task}/finish", {"marks": marks}, **headers)

    def get(self, path: str):
        return self.door.client.get(f"/v1/annotation{path}", headers=self.headers)


@pytest.fixture
def person(door):
    def make(name: str, *scopes: str) -> Person:
        with door.database.write() as connection:
            key = create_key(connection, "demo", scopes or ("annotate",), name=name)
        return Person(door, {"Authorization": f"Bearer {key}"})

    return make


@pytest.fixture
def boss(person) -> Person:
    return person("boss", "manage")


def share(boss: Person, double: float, mix: dict | None = None) -> None:
    path = "/v1/annotation/settings"
    answer = boss.door.client.put(path, json={"double": double, "mix": mix}, headers=boss.headers)
    assert answer.status_code == 200, answer.text


def test_one_person_corrects_suggestions_and_closes_the_note(door, person, boss):
    door.note(TEXT)
    share(boss, 0)
    a, b = person("a"), person("b")
    task = a.next()
    assert b.next() is None, "a note that one marks is nobody else's"
    assert a.next()["id"] == task["id"], "unfinished work comes first"
    suggested = task["sheet"]["marks"]
    assert {m["field"] for m in suggested} >= {"budget_source", "budget_amount"}
    assert all(m["suggested"] and TEXT[m["evidence"][0]["start"] : m["evidence"][0]["end"]] for m in suggested)
    undecided = a.finish(task["id"], *suggested)
    assert (undecided.status_code, undecided.json()["code"]) == (422, "annotation.undecided")
    closed = a.finish(task["id"], FISCAL, AMOUNT).json()
    assert closed["state"] == "closed"
    assert closed["sheet"]["marks"][1]["value"] == {"min": 800000, "max": 800000}, "words become canonical JSON"
    assert a.finish(task["id"], AMOUNT, FISCAL).status_code == 200, "the same again changes nothing"
    late = a.finish(task["id"], FISCAL)
    assert (late.status_code, late.json()["code"]) == (409, "annotation.closed")
    states = boss.get("/progress").json()
    assert states["states"]["closed"] == 1
    assert states["annotators"][0]["done"] == 1
    with door.database.read() as connection:
        assert list(verify(connection)) == []


def test_two_people_are_blind_and_a_third_settles(door, person, boss):
    door.note(TEXT)
    share(boss, 1)
    a, b, c = person("a"), person("b"), person("c")
    task = a.next()["id"]
    assert a.finish(task, FISCAL, AMOUNT).json()["state"] == "marked"
    given = b.next()
    assert given["id"] == task
    assert given["sheet"]["marks"] == [], "neither the other's marks nor the engine's"
    assert c.next() is None
    assert c.get(f"/tasks/{task}").status_code == 404
    assert boss.get(f"/disputes/{task}").status_code == 409
    longer = {**FISCAL, "evidence": [{"start": 4, "end": 9}]}
    assert b.finish(task, longer, AMOUNT).json()["state"] == "disputed"
    assert b.get("/disputes").json() == {"disputes": []}
    assert b.get(f"/disputes/{task}").status_code == 403
    assert [d["id"] for d in c.get("/disputes").json()["disputes"]] == [task]
    both = boss.get(f"/disputes/{task}").json()
    assert both["fields"] == ["budget_source"]
    assert "annotator" not in str(both)
    assert a.post(f"/disputes/{task}/settle", {"marks": [FISCAL]}).status_code == 403
    assert boss.post(f"/disputes/{task}/settle", {"marks": [FISCAL, AMOUNT]}).json()["state"] == "closed"
    assert c.post(f"/disputes/{task}/settle", {"marks": []}).status_code == 409
    report = boss.get("/agreement").json()
    assert report["notes"] == 1
    assert {f["field"]: f["f1"] for f in report["fields"]} == {"budget_source": 0.0, "budget_amount": 1.0}


def test_two_who_agree_close_the_note(door, person, boss):
    door.note(TEXT)
    share(boss, 1)
    a, b = person("a"), person("b")
    task = a.next()["id"]
    b.next()
    a.finish(task, FISCAL)
    assert b.finish(task, FISCAL).json()["state"] == "closed"


def test_drafts_are_kept_under_a_version(door, person, boss):
    door.note(TEXT)
    share(boss, 1)
    a = person("a")
    task = a.next()["id"]
    half = {**FISCAL, "value": None}
    saved = a.save(task, half, **{"If-Match": '"1"'})
    assert (saved.status_code, saved.headers["etag"]) == (200, '"2"')
    assert a.save(task, half).headers["etag"] == '"2"', "nothing new, no new version"
    lost = a.save(task, FISCAL, **{"If-Match": '"1"'})
    assert (lost.status_code, lost.json()["current"]["version"]) == (409, 2)
    assert a.next()["sheet"]["marks"][0]["value"] is None
    assert a.finish(task, half).json()["code"] == "annotation.value"


@pytest.mark.parametrize(
    ("mark", "code"),
    [
        ({**FISCAL, "value": "国家给钱"}, "contract.choice"),
        ({**FISCAL, "field": "mood"}, "contract.field"),
        ({**FISCAL, "evidence": [{"start": 9, "end": 5}]}, "annotation.span"),
        ({**FISCAL, "evidence": [{"start": 5, "end": 99}]}, "annotation.span"),
        ({**AMOUNT, "value": {"min": "viel"}}, "contract.shape"),
        ({**AMOUNT, "value": "很多"}, "contract.unreadable"),
    ],
)
def test_the_contract_refuses_what_it_would_refuse_a_rep(door, person, mark, code):
    door.note(TEXT)
    a = person("a")
    answer = a.finish(a.next()["id"], mark)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_note_nobody_can_mark_is_out_after_two(door, person, boss):
    door.note(TEXT)
    share(boss, 0)
    a, b, c = person("a"), person("b"), person("c")
    for someone in (a, b):
        task = someone.next()["id"]
        assert someone.post(f"/tasks/{task}/skip", {"reason": "  "}).json()["code"] == "annotation.reason"
        assert someone.post(f"/tasks/{task}/skip", {"reason": "看不懂"}).status_code == 200
        assert someone.next() is None
    assert c.next() is None
    assert boss.get("/progress").json()["states"]["skipped"] == 1


def test_marks_are_part_of_an_export_and_go_with_the_customer(door, person, boss):
    door.note(TEXT)
    share(boss, 0)
    a = person("a")
    task = a.next()["id"]
    a.finish(task, FISCAL)
    handed_out = door.client.get("/v1/customers/恒力机械/export").text
    assert [json.loads(line)["marks"] for line in handed_out.splitlines() if '"annotator"' in line] == [[FISCAL]]
    door.client.delete("/v1/customers/恒力机械")
    sheet = a.get(f"/tasks/{task}").json()
    assert (sheet["note"]["text"], sheet["sheet"]["marks"]) == (None, [])


def test_managers_do_not_annotate_and_annotators_see_only_their_own_speed(door, person, boss):
    assert boss.post("/next").status_code == 403
    a, b = person("a"), person("b")
    for note in ("下周三带样品上门", "等市里财政批钱"):
        door.note(note)
    share(boss, 0, {"random": 1})
    for someone in (a, b):
        assert someone.finish(someone.next()["id"]).status_code == 200
    assert [p["annotator"] for p in a.get("/progress").json()["annotators"]] == ["key:a"]
    assert len(boss.get("/progress").json()["annotators"]) == 2
    share(boss, 0.5, {"weak": 1, "random": 2})
    kept = boss.get("/progress").json()["settings"]
    assert ({n: s for n, s in kept["mix"].items() if s}, kept["double"]) == ({"weak": 1, "random": 2}, 0.5)
    refused = door.client.put("/v1/annotation/settings", json={"double": 0, "mix": {"luck": 1}}, headers=boss.headers)
    assert refused.json()["code"] == "annotation.mix"


def test_findings_too_unsure_to_suggest_count_in_the_queue(door):
    """What is kept of them says how unsure, and by whom, and none of the words."""
    door.note("今天没什么事", id="plain")
    with door.database.write() as connection:
        doubtful = {"field": "timeline", "confidence": 0.4, "sources": ["rule:x"], "value": "秘密", "evidence": []}
        note = Note("n", "明年再议吧", datetime.fromisoformat("2026-03-18T10:20:00+08:00"))
        answer = {"bundle": "b", "fields": [], "unsure": [doubtful]}
        caller = Caller("demo", "a", frozenset())
        kept = keeping.keep(connection, caller, note, answer, door.app.state.engine.contract)
    with door.database.read() as connection:
        pool = store.pool(connection, "demo")
    (item,) = [i for i in pool if list(i.findings())]
    assert list(item.findings()) == [{"field": "timeline", "confidence": 0.4, "sources": ["rule:x"]}]
    assert pick(pool, [], mix=Mix(uncertain=1), count=1, seed=0) == [item.id]
    assert kept.answer["fields"] == []


def test_suggestions_come_from_what_serves_the_tenant_now(door, person, boss):
    """A rule pack that is live suggests; who is overtaken while the engine reads gets the next note."""
    share(boss, 0)
    yaml = "fields: {budget_source: {rules: [{name: 财评, value: 政府拨款, score: 0.95, words: [财评]}]}}"
    assert door.client.post("/v1/sandbox/packs", json={"yaml": yaml, "share": 1}).status_code == 201
    for n in range(2):
        door.note(f"第{n}笔设备款等财评", id=f"n{n}")
    b = person("b")
    engine = door.app.state.engines.pick("demo", "")
    overtaken = []

    def read(note: Note) -> Result:
        if not overtaken:
            overtaken.append(b.next())
        return engine.extract(note)

    mine = begin_next(door.database, Annotating(engine.contract, read), Caller("demo", "a", frozenset({"annotate"})))
    assert mine["id"] != overtaken[0]["id"]
    for task in (mine, *overtaken):
        assert [m["value"] for m in task["sheet"]["marks"] if m["field"] == "budget_source"] == ["政府拨款"]
