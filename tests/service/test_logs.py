"""Logs, spans, request ids, metrics: enough to find a request again, nothing of what it said."""

from __future__ import annotations

import io
import json
import logging

import pytest
from fastapi.testclient import TestClient
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from service import logs
from service.app import create_app
from service.store import subscriptions
from service.store.keys import Caller, create_key
from service.worker import Worker
from tests.service.listening import listening

SECRET = "王总说要等财政拨款，电话13800138000"
NOTE = {"text": SECRET, "sent_at": "2026-03-18T10:20:00+08:00", "customer": "恒力机械"}


@pytest.fixture(scope="module")
def spans():
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


@pytest.fixture
def log():
    """What is logged meanwhile; logging is as it was afterwards."""
    quieted = ("httpx", "httpx2", "httpcore", "alembic")
    root, levels = logging.getLogger(), {n: logging.getLogger(n).level for n in quieted}
    handlers, level, stream = root.handlers[:], root.level, io.StringIO()
    logs.configure(stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


@pytest.fixture
def client(rules, settings):
    app = create_app(rules, settings)

    @app.get("/broken/{word}")
    def broken(word: str) -> None:
        raise RuntimeError(f"cannot read {word}: {SECRET}")

    with TestClient(app) as client:
        with app.state.database.write() as connection:
            key = create_key(connection, "demo", ("extract", "confirm"))
        client.headers["Authorization"] = f"Bearer {key}"
        yield client


def test_a_request_is_found_by_its_id_and_says_nothing_of_the_note(client, log, spans):
    answer = client.post("/v1/extractions", json={"note": NOTE}, headers={"X-Request-Id": "crm-17"})
    assert (answer.status_code, answer.headers["x-request-id"]) == (201, "crm-17")
    client.get("/v1/customers/恒力机械/fields")
    failed = client.get(f"/broken/{SECRET}")
    assert (failed.status_code, failed.json()["code"]) == (500, "service.failed")
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    stored = next(line for line in lines if line.get("request_id") == "crm-17")
    assert (stored["route"], stored["status"], stored["level"]) == ("/v1/extractions", 201, "info")
    error = next(line for line in lines if line["event"] == "request failed")
    assert (error["error"], error["request_id"]) == ("builtins.RuntimeError", failed.headers["x-request-id"])
    assert any("test_logs.py" in place for place in error["at"])
    told = log.getvalue() + str([(s.name, dict(s.attributes)) for s in spans.get_finished_spans()])
    assert not [word for word in ("王总", "13800138000", "恒力", "财政") if word in told]


def test_spans_of_a_stored_extraction_hang_together(client, spans):
    spans.clear()
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    client.post("/v1/extractions", json={"note": NOTE}, headers={"traceparent": parent})
    found = {span.name: span for span in spans.get_finished_spans()}
    by_id = {span.context.span_id: span for span in found.values()}
    request = found["POST /v1/extractions"]
    assert format(request.context.trace_id, "032x") == "0af7651916cd43dd8448eb211c80319c"
    for name in ("extract", "store"):
        span = found[name]
        while span is not request:  # a framework may put spans of its own between
            span = by_id[span.parent.span_id]
    assert request.attributes["http.response.status_code"] == 201


def test_a_delivery_is_a_span_with_its_event_and_none_of_its_words(client, spans):
    database = client.app.state.database
    with listening() as listener:
        with database.write() as connection:
            manager = Caller("demo", "m", frozenset({"manage"}))
            subscriptions.create(connection, manager, listener.url, ["suggestion.created"], allow_private=True)
        worker = Worker(database, allow_private=True)
        spans.clear()
        for status in (200, 503):
            client.post("/v1/extractions", json={"note": NOTE})
            listener.answers = [status]
            while worker.step():
                pass
    found = [span for span in spans.get_finished_spans() if span.name == "deliver"]
    assert len(found) == len(listener.got)
    sent = [headers["webhook-id"] for headers, _ in listener.got]
    assert [span.attributes["event.id"] for span in found] == sent
    assert [span.attributes["delivered"] for span in found] == [True] * (len(found) - 1) + [False]
    assert {span.attributes["attempt"] for span in found} == {1}
    assert {span.kind for span in found} == {trace.SpanKind.PRODUCER}
    told = str([(span.name, dict(span.attributes), span.events) for span in found])
    assert not [word for word in ("王总", "13800138000", "恒力", "财政", listener.url) if word in told]


@pytest.mark.parametrize("wrong", ["a b", "x" * 129, "<script>", ""])
def test_an_id_that_is_not_plain_is_replaced(client, wrong):
    given = client.get("/health/live", headers={"X-Request-Id": wrong}).headers["x-request-id"]
    assert given != wrong
    assert len(given) == 32


def test_metrics_tell_what_waits_and_how_far_confidence_is_off(client):
    made = client.post("/v1/extractions", json={"note": NOTE}).json()
    first = made["fields"][0]
    decision = {"suggestion_id": first["suggestion_id"], "action": "reject", "reason": "客户没说"}
    client.post(f"/v1/extractions/{made['id']}/decisions", json={"decisions": [decision]})
    for path in ("/nowhere/a", "/nowhere/b"):
        client.get(path)
    text = client.get("/metrics").text
    waiting = len(made["fields"]) - 1
    assert f'fieldnote_queue{{queue="suggestions"}} {waiting}.0' in text
    assert f'fieldnote_queue{{queue="events"}} {len(made["fields"]) + 1}.0' in text
    assert 'fieldnote_suggestions{state="rejected"} 1.0' in text
    assert f'fieldnote_calibration_drift{{field="{first["field"]}"}} {first["confidence"]}' in text
    assert "nowhere" not in text
    ready = client.get("/health/ready").json()
    assert (ready["queues"]["suggestions"], ready["database"]) == (waiting, "sqlite")
