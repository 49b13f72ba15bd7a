"""Threads that read notes with an engine, each note by itself.

Notes that wait are not put through the model together: what that gains or loses hangs on the processor (see
`docs/decisions.md`), and the first would wait for the last.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from opentelemetry.context import Context, get_current

from extractor.pipeline import Engine
from extractor.types import Note, Result
from service.telemetry import spans

T = TypeVar("T")


class Readers:
    """As many threads as there are processors is right: more of them only get in each other's way."""

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, "fieldnote-reader")

    async def read(self, engine: Engine, note: Note, finish: Callable[[Result], T]) -> T:
        """What `finish` makes of the engine's result, on the reading thread. Raises what either raises."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, _read, engine, note, finish, get_current())

    def stop(self) -> None:
        """Finish what waits, then end."""
        self._pool.shutdown()


def _read(engine: Engine, note: Note, finish: Callable[[Result], T], context: Context) -> T:
    with spans("extract", [context]):
        return finish(engine.extract(note))
