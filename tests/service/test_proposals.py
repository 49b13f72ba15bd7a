"""Corrections become a proposal; one click makes it a rule with tests; dismissed ones stay away."""

from __future__ import annotations

from typer.testing import CliRunner

from service.cli import app as cli


def taught(door) -> dict:
    """Three reps correct the same words; the one proposal that follows."""
    for n, words in enumerate(("专项债还没下来", "要等专项债", "钱是专项债")):
        note = door.note(words, id=f"t{n}", author=f"销售{n}")
        answer = door.decide(note, {"field": "budget_source", "action": "correct", "value": "政府拨款"})
        assert answer.status_code == 200, answer.text
    (found,) = door.client.get("/v1/proposals").json()["proposals"]
    return found


def sources(answer: dict) -> list:
    return [f["value"] for f in answer["fields"] if f["field"] == "budget_source"]


def test_accepted_in_one_click_it_is_read_from_then_on_and_can_be_undone(door):
    found = taught(door)
    assert (found["kind"], found["value"], found["notes"], found["against"]) == ("alias", "政府拨款", 3, 0)
    tried = door.client.post(f"/v1/proposals/{found['key']}/try", json={}).json()
    tally = tried["effect"]["fields"]["budget_source"]
    assert (tally["changed"], tally["judged"]["after"]["agreed"], tried["examples"]["failed"]) == (3, 3, [])
    accepted = door.client.post(f"/v1/proposals/{found['key']}/accept", json={})
    assert (accepted.status_code, accepted.json()["mode"]) == (201, "live")
    assert sources(door.note("他们靠专项债", id="x")) == ["政府拨款"]
    shown = door.client.get("/v1/sandbox/packs").json()
    assert "examples" in shown["draft"]["yaml"]
    assert door.client.get("/v1/proposals").json() == {"proposals": []}
    assert door.client.post(f"/v1/proposals/{found['key']}/accept", json={}).status_code == 404
    door.client.post("/v1/sandbox/undo")
    assert sources(door.note("他们靠专项债", id="y")) == ["专项资金"]


def test_while_a_canary_runs_an_accepted_proposal_joins_it(door):
    found = taught(door)
    yaml = "fields: {budget_source: {rules: [{name: 财评, value: 政府拨款, score: 0.9, words: [财评]}]}}"
    door.client.post("/v1/sandbox/packs", json={"yaml": yaml, "share": 0.3})
    accepted = door.client.post(f"/v1/proposals/{found['key']}/accept", json={}).json()
    assert (accepted["mode"], accepted["share"]) == ("canary", 0.3)
    assert "财评" in door.client.get("/v1/sandbox/packs").json()["draft"]["yaml"]


def test_a_dismissed_proposal_is_never_mentioned_again(door):
    found = taught(door)
    assert door.client.post(f"/v1/proposals/{found['key']}/dismiss").json()["state"] == "dismissed"
    assert door.client.get("/v1/proposals").json() == {"proposals": []}


def test_what_annotators_mark_and_nobody_had_found_is_proposed_and_counts_as_the_whole_truth(door):
    assert door.client.put("/v1/annotation/settings", json={"double": 0, "mix": None}).status_code == 200
    texts = ["设备款要等财评", "钱要过财评", "听说财评还没完"]
    for n, text in enumerate(texts):
        door.note(text, id=f"a{n}", author=f"销售{n}")
    for _ in texts:
        task = door.client.post("/v1/annotation/next").json()["task"]
        at = task["note"]["text"].index("财评")
        mark = {"field": "budget_source", "evidence": [{"start": at, "end": at + 2}], "value": "政府拨款"}
        done = door.client.post(f"/v1/annotation/tasks/{task['id']}/finish", json={"marks": [mark]})
        assert done.json()["state"] == "closed", done.text
    (found,) = door.client.get("/v1/proposals").json()["proposals"]
    assert (found["kind"], found["words"], found["value"], found["notes"]) == ("alias", "财评", "政府拨款", 3)
    yaml = "fields: {budget_source: {rules: [{name: 甲, value: 其他, score: 0.9, words: [财评]}]}}"
    tried = door.client.post("/v1/sandbox/try", json={"yaml": yaml}).json()["effect"]["fields"]["budget_source"]
    assert tried["judged"]["before"] == {"agreed": 0, "disagreed": 0, "missed": 3, "precision": None}
    assert tried["judged"]["after"] == {"agreed": 0, "disagreed": 3, "missed": 3, "precision": 0.0}


def test_words_mined_beside_the_service_are_proposed_with_the_notes_they_stand_in(door, monkeypatch):
    """The command mines and keeps; the server looks up what speaks for a word, and shows it in its notes."""
    plain = ("今天聊得不错", "电话没打通", "李工出差了", "车间在三楼", "今天没什么事", "客户在开会")
    for n in range(30):
        door.note(f"{plain[n % 6]}，{plain[(n // 6 + n) % 6]}", id=f"n{n}", author="小周")
    for n, words in enumerate(("要过财评", "财评没完", "卡在财评", "财评还排队")):
        note = door.note(f"专项债{words}，{plain[n]}", id=f"t{n}", author=f"销售{n}")
        door.decide(note, {"field": "budget_source", "action": "correct", "value": "政府拨款"})
        held = door.note(f"专项债批了，{plain[n]}", id=f"o{n}", author="小周")
        door.decide(held, {"field": "budget_source", "action": "confirm"})
    assert door.client.get("/v1/proposals").json() == {"proposals": []}
    monkeypatch.setenv("FIELDNOTE_DATABASE_URL", door.app.state.settings.database_url)
    told = CliRunner().invoke(cli, ["annotation", "mine", "--tenant", "demo"])
    assert (told.exit_code, "「财评」→ 政府拨款" in told.output) == (0, True), told.output
    (found,) = door.client.get("/v1/proposals").json()["proposals"]
    assert (found["found"], found["words"], found["notes"], found["against"]) == ("mined", "财评", 4, 0)
    for example in found["support_examples"]:
        (mark,) = example["marks"]
        assert example["text"][mark["start"] : mark["end"]] == "财评"
    accepted = door.client.post(f"/v1/proposals/{found['key']}/accept", json={})
    assert accepted.status_code == 201, accepted.text
    assert sources(door.note("他们等财评", id="x")) == ["政府拨款"]
