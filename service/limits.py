"""The outermost ring: body size, request ids, metrics. Plain ASGI, so that nothing is read before it is allowed."""

from __future__ import annotations

import time
import uuid

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from extractor.types import Result
from service.problems import problem

MAX_BODY = 1024 * 1024


class Metrics:
    """The service's own registry; labels never hold text of a note."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "fieldnote_requests", "Answered requests", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram("fieldnote_request_seconds", "Time to answer", ("route",), registry=self.registry)
        self.fields = Counter("fieldnote_fields", "Extracted fields", ("field", "basis"), registry=self.registry)
        self.waiting = Gauge("fieldnote_requests_waiting", "Requests in hand", registry=self.registry)

    def count(self, result: Result) -> None:
        """The fields of one answer."""
        for extraction in result.fields:
            self.fields.labels(extraction.field, extraction.basis).inc()


class Limits:
    """Refuse bodies over `MAX_BODY` (announced or not) and requests over `most` at a time; tag every answer with a
    request id, count and time it."""

    def __init__(self, app: ASGIApp, metrics: Metrics, most: int) -> None:
        self.app, self.metrics, self.most = app, metrics, most
        self.waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, status, request_id = time.perf_counter(), 500, uuid.uuid4().hex
        body = _Body(scope, receive)

        async def answer(message: Message) -> None:
            nonlocal status
            if body.over:  # whatever the app makes of the cut body, the answer is 413
                return
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        if self.waiting >= self.most and not scope["path"].startswith("/health"):
            busy = problem(503, "service.busy", "现在太忙，请稍后再试", headers={"Retry-After": "1"})
            await busy(scope, receive, answer)
        elif not body.over:
            self.waiting += 1
            self.metrics.waiting.set(self.waiting)
            try:
                await self.app(scope, body.receive, answer)
            finally:
                self.waiting -= 1
        if body.over:
            body.over = False
            refusal = problem(413, "request.too_large", f"请求体最多 {MAX_BODY // 1024} KiB；请分批发送")
            await refusal(scope, receive, answer)
        route = getattr(scope.get("route"), "path", "-")
        self.metrics.requests.labels(scope["method"] if route != "-" else "-", route, str(status)).inc()
        self.metrics.seconds.labels(route).observe(time.perf_counter() - start)


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
