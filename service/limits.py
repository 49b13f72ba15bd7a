"""The outermost ring: body size, request ids, metrics. Plain ASGI, so that nothing is read before it is allowed."""

from __future__ import annotations

import asyncio
import logging
import time

from opentelemetry.trace import SpanKind
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from extractor.types import Result
from service.logs import request_id
from service.problems import problem
from service.store import gauges
from service.store.database import Database
from service.telemetry import span

MAX_BODY = 1024 * 1024
LOOK = 10.0  # seconds
TRACE = ("traceparent", "tracestate")
PAUSE = 0.1  # seconds
HELD = 1000  # refusals that wait at a time; beyond, they go out at once
BUSY = problem(503, "service.busy", "现在太忙，请稍后再试", headers={"Retry-After": "1"})
log = logging.getLogger("fieldnote.request")


class Metrics:
    """The service's own registry; labels are names of routes, fields, states and queues, never text of a note."""

    def __init__(self) -> None:
        own = self.registry = CollectorRegistry()
        self.requests = Counter("fieldnote_requests", "Answered requests", ("method", "route", "status"), registry=own)
        self.seconds = Histogram("fieldnote_request_seconds", "Time to answer", ("route",), registry=own)
        self.fields = Counter("fieldnote_fields", "Extracted fields", ("field", "basis"), registry=own)
        self.waiting = Gauge("fieldnote_requests_waiting", "Requests in hand", registry=own)
        self.queues = Gauge("fieldnote_queue", "What waits in the database", ("queue",), registry=own)
        self.states = Gauge("fieldnote_suggestions", "Suggestions kept", ("state",), registry=own)
        self.drift = Gauge(
            "fieldnote_calibration_drift",
            "Mean confidence minus share accepted, last 30 days",
            ("field",),
            registry=own,
        )
        self._looked = -LOOK

    def count(self, result: Result) -> None:
        """The fields of one answer."""
        for extraction in result.fields:
            self.fields.labels(extraction.field, extraction.basis).inc()

    def look(self, database: Database) -> None:
        """Bring the gauges of the database up to date; not more often than every `LOOK` seconds."""
        if time.monotonic() - self._looked < LOOK:
            return
        self._looked = time.monotonic()
        with database.read() as connection:
            found = (
                (self.queues, gauges.queues(connection)),
                (self.states, gauges.states(connection)),
                (self.drift, gauges.drift(connection)),
            )
        for gauge, values in found:
            gauge.clear()
            for label, value in values.items():
                gauge.labels(label).set(value)


class Limits:
    """Refuse bodies over `MAX_BODY` (announced or not) and requests over `most` at a time; give every request an id
    (the caller's own, where it sent one), a span, a line in the log, a count and a time.

    What is too much is refused before anything of it is read, after `PAUSE`: a client that comes again at once,
    whatever `Retry-After` says, would else take the processor from those that are served. Refusals share a line a
    second in the log.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, most: int) -> None:
        self.app, self.metrics, self.most = app, metrics, most
        self.waiting = self.held = 0
        self._refused, self._told = 0, -1.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, headers = time.perf_counter(), dict(scope["headers"])
        name = request_id(headers.get(b"x-request-id"))
        if self.waiting >= self.most and not scope["path"].startswith("/health"):
            await self._refuse(scope, receive, _Answer(send, name))
            return
        carrier = {key: headers[key.encode()].decode("latin-1") for key in TRACE if key.encode() in headers}
        answer = _Answer(send, name)
        with bound_contextvars(request_id=name), span("request", kind=SpanKind.SERVER, carrier=carrier) as opened:
            await self._serve(scope, _Body(scope, receive), answer)
            route = getattr(scope.get("route"), "path", "-")
            method = scope["method"] if route != "-" else "-"
            seconds = time.perf_counter() - start
            if opened.is_recording():
                opened.update_name(f"{method} {route}")
                told = {"http.route": route, "http.response.status_code": answer.status, "request.id": name}
                opened.set_attributes(told)
            level = logging.WARNING if answer.status >= 500 else logging.INFO
            if log.isEnabledFor(level):
                line = {"method": method, "route": route, "status": answer.status, "ms": round(seconds * 1000, 1)}
                log.log(level, "request", extra=line)
        self.metrics.requests.labels(method, route, str(answer.status)).inc()
        self.metrics.seconds.labels(route).observe(seconds)

    async def _refuse(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        self.metrics.requests.labels("-", "-", "503").inc()
        self._refused += 1
        if time.monotonic() - self._told >= 1:
            log.warning("too busy", extra={"refused": self._refused})
            self._refused, self._told = 0, time.monotonic()
        if self.held < HELD:
            self.held += 1
            try:
                await asyncio.sleep(PAUSE)
            finally:
                self.held -= 1
        await BUSY(scope, receive, answer)

    async def _serve(self, scope: Scope, body: _Body, answer: _Answer) -> None:
        answer.body = body
        if not body.over:
            self.waiting += 1
            self.metrics.waiting.set(self.waiting)
            try:
                await self.app(scope, body.receive, answer)
            except Exception:
                log.error("request failed", exc_info=True)
                if answer.started:
                    raise
                failed = problem(500, "service.failed", f"服务出错了，请把编号告诉管理员：{answer.name}")
                await failed(scope, body.receive, answer)
            finally:
                self.waiting -= 1
                self.metrics.waiting.set(self.waiting)
        if body.over:
            body.over = False
            refusal = problem(413, "request.too_large", f"请求体最多 {MAX_BODY // 1024} KiB；请分批发送")
            await refusal(scope, body.receive, answer)


class _Answer:
    """What goes out: its status is remembered, the request's id put on it; held back once the body is too large."""

    def __init__(self, send: Send, name: str) -> None:
        self._send, self.name = send, name
        self.status, self.started = 500, False
        self.body: _Body | None = None

    async def __call__(self, message: Message) -> None:
        if self.body is not None and self.body.over:  # whatever the app makes of the cut body, the answer is 413
            return
        if message["type"] == "http.response.start":
            self.status, self.started = message["status"], True
            message["headers"] = [*message["headers"], (b"x-request-id", self.name.encode())]
        await self._send(message)


class _Body:
    """The request's body, counted while it comes in; `over` once it is too large."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        self.over = announced.isdigit() and int(announced) > MAX_BODY
        self._receive, self._seen = receive, 0

    async def receive(self) -> Message:
        """The next message; an empty end in place of what is over the limit."""
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        if self._seen > MAX_BODY:
            self.over = True
            return {"type": "http.request", "body": b"", "more_body": False}
        return message
