"""The stateless HTTP door: good answers, and a clear 4xx for everything bad."""

from __future__ import annotations

import json

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.limits import MAX_BODY
from service.settings import Settings

NOTE = {"text": "王总说要等财政拨款", "sent_at": "2026-03-18T10:20:00+08:00"}


@pytest.fixture(scope="module")
def client(rules, tmp_path_factory):
    settings = Settings(database_url=f"sqlite:///{tmp_path_factory.mktemp('db')}/fieldnote.db")
    with TestClient(create_app(rules, settings)) as client:
        yield client


def test_extraction(client):
    answer = client.post("/v1/extractions", json={"note": {**NOTE, "id": "n1"}, "store": False})
    assert answer.status_code == 200
    body = answer.json()
    assert body["id"] == "n1"
    assert {"contact_person", "budget_source", "decision_cycle"} == {f["field"] for f in body["fields"]}
    assert "dropped" not in body


def test_explained_extraction_lists_what_lost(client):
    note = {**NOTE, "text": "不用等财政了，自己出"}
    body = client.post("/v1/extractions?explain=1", json={"note": note, "store": False}).json()
    assert [d["claim"]["status"] for d in body["dropped"]] == ["negated"]


def test_batch_keeps_order_and_tells_of_bad_notes(client):
    body = client.post("/v1/extractions/batch", json={"notes": [NOTE, {"id": "x"}, 7, NOTE], "store": False}).json()
    assert [("error" in r) for r in body["results"]] == [False, True, True, False]
    assert body["results"][1]["id"] == "x"


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"\xff\xfe", 422),
        (json.dumps({"note": {"text": "x"}}).encode(), 422),
        (json.dumps({"note": {**NOTE, "sent_at": "2026-03-18T10:20:00"}}).encode(), 422),
        (json.dumps({"note": {**NOTE, "text": "长" * 10_001}}).encode(), 422),
        (b" " * (MAX_BODY + 1), 413),
    ],
)
def test_bad_bodies_are_problems(client, content, status):
    answer = client.post("/v1/extractions", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"]


def test_a_problem_never_repeats_the_note(client):
    answer = client.post("/v1/extractions", json={"note": {**NOTE, "text": "秘密" * 6000}})
    assert "秘密" not in answer.text


def test_a_streamed_body_over_the_limit_is_refused(client):
    chunks = (b" " * 65_536 for _ in range(20))
    assert (
        client.post("/v1/extractions", content=chunks, headers={"content-type": "application/json"}).status_code == 413
    )


def test_unknown_routes_and_methods(client):
    assert client.get("/nowhere").json()["code"] == "request.not_found"
    assert client.get("/v1/extractions").json()["code"] == "request.method"


def test_contract_health_and_metrics(client, contract):
    assert len(client.get("/v1/contract").json()["fields"]) == 19
    assert client.get("/health/live").json() == {"status": "ok"}
    assert client.get("/health/ready").json()["contract"] == contract.version
    assert "fieldnote_requests_total" in client.get("/metrics").text
