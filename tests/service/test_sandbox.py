"""The sandbox over HTTP: try on stored notes, publish for a share, serve, undo."""

from __future__ import annotations

PACK = """
note: 学会财评
fields:
  budget_source:
    rules: [{name: 财评, value: 政府拨款, score: 0.9, words: [财评]}]
    examples: [{text: 等财评, expect: [{value: 政府拨款}]}, {text: 没有财评}]
"""
TEXT = "设备款要等财评"


def sources(answer: dict) -> list:
    return [f["value"] for f in answer["fields"] if f["field"] == "budget_source"]


def publish(door, yaml: str = PACK, **given) -> dict:
    answer = door.client.post("/v1/sandbox/packs", json={"yaml": yaml, **given})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_try_reads_the_history_in_parts_and_changes_nothing(door):
    for n in range(3):
        door.note(TEXT, id=f"n{n}")
    decided = door.note("等财政拨款", id="old")
    door.decide(decided, {"field": "budget_source", "action": "confirm"})
    seen, cursor, parts = 0, None, 0
    while parts == 0 or cursor:
        answer = door.client.post("/v1/sandbox/try", json={"yaml": PACK, "limit": 2, "cursor": cursor}).json()
        seen, cursor, parts = seen + answer["effect"]["notes"], answer["next"], parts + 1
    assert (seen, parts, answer["total"]) == (4, 2, 4)
    assert answer["examples"] == {"count": 2, "failed": [], "broken": []}
    whole = door.client.post("/v1/sandbox/try", json={"yaml": PACK}).json()["effect"]["fields"]["budget_source"]
    assert (whole["found"], whole["lost"], whole["changed"], whole["same"]) == (3, 0, 0, 1)
    assert whole["judged"]["after"] == {"agreed": 1, "disagreed": 0, "missed": 0, "precision": 1.0}
    assert sources(door.note(TEXT, id="later")) == []


def test_published_packs_answer_at_once_and_one_step_undoes_them(door):
    before = door.note(TEXT, id="a")
    first = publish(door, parent="")
    assert (first["version"], first["mode"]) == (1, "live")
    learned = door.note(TEXT, id="b")
    assert (sources(before), sources(learned)) == ([], ["政府拨款"])
    second = publish(door, PACK.replace("0.9", "0.8"), parent=first["id"])
    shown = door.client.get("/v1/sandbox/packs").json()
    assert [v["version"] for v in shown["versions"]] == [2, 1]
    assert any(line.startswith("-") and "0.9" in line for line in shown["versions"][0]["diff"])
    assert (shown["serving"]["live"]["pack"], shown["draft"]["parent"]) == (second["id"], second["id"])
    assert door.client.post("/v1/sandbox/undo").json() == {"serving": first["id"]}
    assert door.note(TEXT, id="c")["bundle"] == learned["bundle"]
    assert door.client.post("/v1/sandbox/undo").json() == {"serving": None}
    assert door.note(TEXT, id="d")["bundle"] == before["bundle"]
    assert door.client.post("/v1/sandbox/undo").status_code == 404


def test_values_of_a_pack_are_in_the_tenants_contract_and_in_nobody_elses(door):
    own = """
note: 蓝鲸金单列
fields:
  budget_source:
    values: {蓝鲸金: 区里的蓝鲸计划}
    rules: [{name: 蓝鲸, value: 蓝鲸金, score: 0.9, words: [蓝鲸金]}]
    examples: [{text: 等蓝鲸金, expect: [{value: 蓝鲸金}]}, {text: 没有蓝鲸金}]
"""
    publish(door, own)
    trigger = (
        "triggers: [{name: 蓝鲸, field: budget_source, when: value == '蓝鲸金', then: {action: wait, text: 等批}}]"
    )
    answers = [door.client.get("/v1/contract"), door.client.get("/v1/contract", headers=door.key("other"))]
    choices = [
        {v["value"] for f in answer.json()["fields"] if f["name"] == "budget_source" for v in f["values"]}
        for answer in answers
    ]
    assert choices[0] - choices[1] == {"蓝鲸金"}
    read = door.note("设备要等蓝鲸金", id="a")
    door.decide(read, {"field": "budget_source", "action": "confirm"})
    tried = door.client.post("/v1/triggers/try", json={"yaml": trigger})
    assert tried.status_code == 200, tried.text
    assert tried.json()["triggers"][0]["examples"][0]["display"] == "蓝鲸金"


def test_a_canary_serves_its_share_grows_and_ends(door):
    pack = publish(door, share=0.5)
    assert pack["mode"] == "canary"
    found = [bool(sources(door.note(TEXT, id=str(n), author=f"销售{n}"))) for n in range(24)]
    assert 0 < sum(found) < 24
    assert door.client.post(f"/v1/sandbox/packs/{pack['id']}/serve", json={"share": 1}).json()["mode"] == "live"
    read = door.note(TEXT, id="x")
    assert sources(read) == ["政府拨款"]
    door.decide(read, {"field": "budget_source", "action": "confirm"})
    adopted = door.client.get("/v1/sandbox/packs").json()["adoption"][pack["id"]]
    assert (adopted["decided"], adopted["adoption"]) == (1, 1.0)
    publish(door, PACK.replace("0.9", "0.7"), share=0.1)
    assert door.client.post("/v1/sandbox/undo").json() == {"serving": pack["id"]}
    assert "canary" not in door.client.get("/v1/sandbox/packs").json()["serving"]


def test_what_must_not_be_published_is_refused_with_what_to_do(door):
    door.note(TEXT)
    failing = PACK.replace("没有财评", "等财评再说")
    answer = door.client.post("/v1/sandbox/packs", json={"yaml": failing})
    assert (answer.status_code, answer.json()["code"]) == (422, "pack.examples")
    assert "examples.1" in answer.json()["failed"][0]["key"]
    bad = door.client.post("/v1/sandbox/try", json={"yaml": "fields: {nope: {}}"}).json()
    assert (bad["code"], bad["key"]) == ("contract.invalid", "fields.nope")
    for yaml in ("a: &x [1]\nb: *x", "[" * 5000, "note: 2026-13-45", "\ud800", "\x00"):
        assert door.client.post("/v1/sandbox/try", content=__import__("json").dumps({"yaml": yaml})).status_code == 422
    first = publish(door)
    assert (
        door.client.post("/v1/sandbox/packs", json={"yaml": PACK + "#", "parent": ""}).json()["code"] == "pack.parent"
    )
    rep = door.key("demo", "extract", "confirm")
    assert door.client.get("/v1/sandbox/packs", headers=rep).status_code == 403
    stranger = door.key("other")
    assert door.client.post(f"/v1/sandbox/packs/{first['id']}/serve", json={}, headers=stranger).status_code == 404
    other = door.client.post(
        "/v1/extractions", json={"note": {"text": TEXT, "sent_at": "2026-03-18T10:20+08:00"}}, headers=stranger
    )
    assert sources(other.json()) == []


def test_a_change_is_merged_into_a_draft(door):
    change = "fields: {budget_source: {never: [{words: [专项债]}]}}"
    answer = door.client.post("/v1/sandbox/merge", json={"yaml": PACK, "change": change}).json()
    assert "财评" in answer["yaml"]
    assert "专项债" in answer["yaml"]


def test_a_pack_says_who_may_write_and_which_values_a_correction_may_give(door):
    publish(door, "fields: {budget_source: {write: auto, auto_above: 0.5, values: {以货易货: 拿货抵}}}")
    door.note("王总说要等财政拨款", id="auto")
    assert door.values()["budget_source"] == "政府拨款"
    note = door.note("钱走银行贷款，办公室装修用", id="x", customer="乙厂")
    assert {f["field"]: f["state"] for f in note["fields"]}["budget_source"] == "confirmed"
    door.decide(note, {"field": "budget_source", "action": "undo"})
    assert door.decide(note, {"field": "budget_source", "action": "correct", "value": "以货易货"}).status_code == 200
    stranger = door.key("other")
    words = {"words": "以货易货", "sent_at": "2026-03-18T10:20:00+08:00"}
    assert door.client.post("/v1/fields/budget_source/read", json=words).status_code == 200
    assert door.client.post("/v1/fields/budget_source/read", json=words, headers=stranger).status_code == 422
