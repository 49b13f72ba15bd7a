"""The outermost ring: body size, request ids, metrics. Plain ASGI, so that nothing is read before it is allowed."""

from __future__ import annotations

import time
import uuid

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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


class TooLargeError(Exception):
    """More bytes came than a body may have."""


class Limits:
    """Refuse bodies over `MAX_BODY` (announced or not), tag every answer with a request id, count and time it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, status, request_id = time.perf_counter(), 500, uuid.uuid4().hex

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            if _announced(scope) > MAX_BODY:
                raise TooLargeError
            await self.app(scope, _counted(receive), answer)
        except TooLargeError:
            refusal = problem(413, "request.too_large", f"请求体最多 {MAX_BODY // 1024} KiB；请分批发送")
            await refusal(scope, receive, answer)
        route = getattr(scope.get("route"), "path", "-")
        self.metrics.requests.labels(scope["method"] if route != "-" else "-", route, str(status)).inc()
        self.metrics.seconds.labels(route).observe(time.perf_counter() - start)


def _announced(scope: Scope) -> int:
    value = dict(scope["headers"]).get(b"content-length", b"0")
    return int(value) if value.isdigit() else 0


def _counted(receive: Receive) -> Receive:
    seen = 0

    async def wrapped() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MAX_BODY:
            raise TooLargeError
        return message

    return wrapped
