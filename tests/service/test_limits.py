"""Requests over the limit are refused before anything of them is read; those in hand go on."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from service.limits import Limits, Metrics

MOST = 2


class Inner:
    """An application whose answers wait for the gate; health is always answered."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if not scope["path"].startswith("/health"):
            await receive()
            await self.gate.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})


async def _ask(app: Limits, path: str) -> tuple[int, dict[bytes, bytes], int]:
    """Status, headers, and how often the body was read."""
    sent: list[Any] = []
    reads = []

    async def receive() -> Any:
        reads.append(1)
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app({"type": "http", "method": "POST", "path": path, "headers": []}, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]), len(reads)


def test_the_excess_is_told_to_come_back_and_costs_one_line(caplog):
    async def main() -> Any:
        inner = Inner()
        app = Limits(inner, Metrics(), MOST)
        held = [asyncio.ensure_future(_ask(app, "/v1/extractions")) for _ in range(MOST)]
        await asyncio.sleep(0)
        refused = await asyncio.gather(*(_ask(app, "/v1/extractions") for _ in range(5)))
        health = await _ask(app, "/health/live")
        inner.gate.set()
        done = await asyncio.gather(*held)
        return refused, health, done, await _ask(app, "/v1/extractions")

    with caplog.at_level(logging.WARNING, "fieldnote.request"):
        refused, health, done, later = asyncio.run(main())
    assert {(status, headers[b"retry-after"], reads) for status, headers, reads in refused} == {(503, b"1", 0)}
    assert len({headers[b"x-request-id"] for _, headers, _ in refused}) == 5
    assert [health[0], later[0], *(status for status, _, _ in done)] == [200] * (2 + MOST)
    assert [record.message for record in caplog.records] == ["too busy"]
