"""Label Studio's backend protocol: marks go out and come back on the same words; examples of what people said."""

import base64
import json

import pytest

from service.routes.labelstudio import router

TEXT = "👍王总说要等财政拨款，预算80万"


@pytest.fixture
def studio(door):
    """Headers as Label Studio sends them: the key is the password."""
    key = door.key("demo", "annotate")["Authorization"].split()[1]
    return {"Authorization": "Basic " + base64.b64encode(f"fieldnote:{key}".encode()).decode()}


def examples(door) -> list[dict]:
    lines = door.client.get("/v1/examples").text.splitlines()
    assert "fieldnote-export" in lines[0]
    return [json.loads(line) for line in lines[1:]]


def webhook(door, studio, task: dict, result: list[dict]):
    body = {"action": "ANNOTATION_CREATED", "task": task, "annotation": {"id": 1, "result": result}}
    return door.client.post("/labelstudio/webhook", json=body, headers=studio)


def test_pre_annotated_and_back(door, studio):
    note = door.note(TEXT)
    assert door.client.get("/labelstudio/health").json()["status"] == "UP"
    version = door.client.post("/labelstudio/setup", json={}, headers=studio).json()["model_version"]
    (task,) = door.client.get("/labelstudio/tasks", headers=studio).json()
    regions = task["predictions"][0]["result"]
    asked = {"tasks": [{"id": 7, "data": task["data"]}], "params": {}}
    (found,) = door.client.post("/labelstudio/predict", json=asked, headers=studio).json()["results"]
    assert found["result"] == regions
    assert found["model_version"] == task["predictions"][0]["model_version"] == version == note["bundle"]
    labels = [r for r in regions if r["type"] == "labels"]
    assert len(labels) >= 3
    assert all(TEXT[r["value"]["start"] : r["value"]["end"]] == r["value"]["text"] for r in labels)
    name = {"start": 1, "end": 3, "text": "王总", "labels": ["contact_person"]}
    kept = [r for r in labels if r["value"]["labels"] != ["contact_person"]]
    new = {"id": "x1", "from_name": "field", "to_name": "text", "type": "labels", "value": name}
    assert webhook(door, studio, task, [*kept, new]).status_code == 201
    (example,) = examples(door)
    assert (example["complete"], example["text"], example["customer"]) == (True, TEXT, "恒力机械")
    said = {m["field"]: (m["value"], m["evidence"]) for m in example["marks"]}
    assert said["contact_person"] == ("王总", [{"start": 1, "end": 3}])
    engine = {f["field"]: f for f in note["fields"]}
    for r in kept:
        field = r["value"]["labels"][0]
        assert said[field][0] == engine[field]["value"]
    assert door.client.get("/labelstudio/tasks", headers=studio).json() == []


def test_a_value_answered_beside_the_label_is_kept(door, studio):
    door.note(TEXT)
    (task,) = door.client.get("/labelstudio/tasks", headers=studio).json()
    result = [r for r in task["predictions"][0]["result"] if r["id"].startswith("budget_")]
    for region in result:
        if region["id"].startswith("budget_amount") and region["type"] == "textarea":
            region["value"]["text"] = ["90万"]
    assert webhook(door, studio, task, result).json()["status"] == "ok"
    said = {m["field"]: m["value"] for m in examples(door)[0]["marks"]}
    assert said == {"budget_source": "政府拨款", "budget_amount": {"min": 900000, "max": 900000}}


def test_a_skipped_task_closes_nothing(door, studio):
    door.note(TEXT)
    (task,) = door.client.get("/labelstudio/tasks", headers=studio).json()
    skipped = {"action": "ANNOTATION_CREATED", "task": task, "annotation": {"result": [], "was_cancelled": True}}
    assert door.client.post("/labelstudio/webhook", json=skipped, headers=studio).json() == {"status": "ignored"}
    assert examples(door) == []


def test_only_health_is_open(door):
    """Every other route asks for a key that may annotate; health says nothing of anybody."""
    bare, weak = {"Authorization": ""}, door.key("demo", "extract")
    asked = [("POST", "setup"), ("POST", "predict"), ("POST", "webhook"), ("GET", "tasks"), ("GET", "config")]
    known = {(m, r.path.removeprefix("/labelstudio/")) for r in router.routes for m in r.methods}
    assert known == {*asked, ("GET", "health"), ("GET", "")}
    for method, path in asked:
        url, body = f"/labelstudio/{path}", {"tasks": [], "action": "PING"}
        sent = [door.client.request(method, url, json=body, headers=h).status_code for h in (bare, weak)]
        assert sent == [401, 403], url
    assert door.client.get("/labelstudio/health", headers=bare).json() == {"status": "UP", "model_class": "FieldNote"}


BROKEN = {
    "task": {"data": 5},
    "note": {"data": {"text": TEXT, "note_id": {}}},
    "aside": {"data": {"text": TEXT, "fieldnote": '{"id": {}}'}},
    "text": {"data": {"text": 5, "note_id": "a"}},
    "list": {"data": []},
}


@pytest.mark.parametrize("task", BROKEN.values(), ids=BROKEN)
def test_a_broken_task_is_refused(door, studio, task):
    """Whatever a key's owner sends, the answer is a problem and not a fault of ours."""
    for result in ([], [{"type": "labels"}], [{"type": "textarea", "value": {"text": []}, "id": {}}], [5]):
        answer = webhook(door, studio, task, result)
        assert answer.status_code in (404, 422), answer.text
        assert answer.json()["code"].startswith("labelstudio."), answer.text


def test_what_cannot_be_kept_is_refused(door, studio):
    door.note(TEXT)
    (task,) = door.client.get("/labelstudio/tasks", headers=studio).json()
    region = task["predictions"][0]["result"][0]
    assert region["type"] == "labels"
    strange = {**region, "value": {"start": 1, "end": 3, "text": "王总", "labels": ["budget_amount"]}}
    assert webhook(door, studio, task, [strange]).json()["code"].startswith("contract.")
    other = {**task, "data": {**task["data"], "text": TEXT + "！"}}
    assert webhook(door, studio, other, []).json()["code"] == "labelstudio.text"
    assert examples(door) == []
    stranger = door.key("other", "annotate")
    assert webhook(door, stranger, task, []).json()["code"] == "labelstudio.note"
    assert door.client.get("/labelstudio/tasks", headers=stranger).json() == []
    assert webhook(door, {"Authorization": "Basic %%"}, task, []).status_code == 401
    assert webhook(door, door.key("demo", "extract"), task, []).status_code == 403


def test_examples_say_only_what_people_said(door):
    note = door.note(TEXT)
    door.decide(note, {"field": "budget_source", "action": "confirm"})
    door.decide(note, {"field": "budget_amount", "action": "reject", "reason": "说的是别家"})
    (example,) = examples(door)
    assert example["complete"] is False
    assert {(m["field"], m["denied"], m["origin"]) for m in example["marks"]} == {
        ("budget_source", False, "rep"),
        ("budget_amount", True, "rep"),
    }
    door.decide(note, {"field": "budget_source", "action": "undo"})
    assert [m["field"] for m in examples(door)[0]["marks"]] == ["budget_amount"]
    door.client.delete("/v1/customers/恒力机械")
    assert examples(door) == []
    actions = [e["action"] for e in door.client.get("/v1/audit?action=examples").json()["entries"]]
    assert actions == ["examples.export"] * 3
