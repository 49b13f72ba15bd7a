"""Threads that read notes with an engine. Notes that wait at the same time go through the model together: cheaper than
one by one, and the same to the byte. A note that waits alone is read alone, at once."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from opentelemetry.context import Context, get_current

from extractor.pipeline import Engine
from extractor.types import Note, Result
from service.telemetry import spans

T = TypeVar("T")
MOST = 4  # notes at a time: more save little, and the first waits for the last
WASTE = 1.5  # how much longer the padded notes may be than the notes themselves
SHORT = 64  # characters that may be wasted at any rate


@dataclass(frozen=True, slots=True)
class _Task:
    engine: Engine
    note: Note
    finish: Callable[[Result], Any]
    context: Context
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]

    def settle(self, result: Any) -> None:
        """On the loop; nobody waits any more where the client has gone."""
        if self.future.done():
            return
        if isinstance(result, Exception):
            self.future.set_exception(result)
        else:
            self.future.set_result(result)


class Readers:
    """As many threads as there are processors is right: more of them only get in each other's way."""

    def __init__(self, threads: int) -> None:
        self._tasks: deque[_Task] = deque()
        self._change = threading.Condition()
        self._idle, self._stopping = 0, False
        self._threads = [
            threading.Thread(target=self._run, name=f"fieldnote-reader-{n}", daemon=True) for n in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    async def read(self, engine: Engine, note: Note, finish: Callable[[Result], T]) -> T:
        """What `finish` makes of the engine's result, on the reading thread. Raises what either raises."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        with self._change:
            self._tasks.append(_Task(engine, note, finish, get_current(), loop, future))
            if self._idle:
                self._change.notify()
        return await future

    def stop(self) -> None:
        """Finish what waits, then end."""
        with self._change:
            self._stopping = True
            self._change.notify_all()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while tasks := self._take():
            with spans("extract", [task.context for task in tasks]):
                results = _results(tasks)
            for loop in {task.loop for task in tasks}:
                settled = [(t, r) for t, r in zip(tasks, results, strict=True) if t.loop is loop]
                loop.call_soon_threadsafe(_settle, settled)

    def _take(self) -> list[_Task]:
        """The next notes, shared out among the threads that have nothing to do; none at the end."""
        with self._change:
            self._idle += 1
            while not self._tasks and not self._stopping:
                self._change.wait()
            share = -(-len(self._tasks) // self._idle) if self._tasks else 0
            self._idle -= 1
            taken: list[_Task] = []
            while self._tasks and len(taken) < min(MOST, share) and _fits(taken, self._tasks[0]):
                taken.append(self._tasks.popleft())
            return taken


def _fits(taken: Sequence[_Task], task: _Task) -> bool:
    """Whether a note may go with those taken: the same engine, and no much longer or shorter text."""
    if not taken:
        return True
    lengths = [len(t.note.text) for t in (*taken, task)]
    wasted = max(lengths) * len(lengths) - sum(lengths)
    return task.engine is taken[0].engine and wasted <= max(SHORT, (WASTE - 1) * sum(lengths))


def _results(tasks: Sequence[_Task]) -> list[Any]:
    """One result for each, or the exception in its place."""
    try:
        found = tasks[0].engine.extract_many([task.note for task in tasks])
        return [task.finish(result) for task, result in zip(tasks, found, strict=True)]
    except Exception as error:
        return [error] if len(tasks) == 1 else [r for task in tasks for r in _results([task])]


def _settle(settled: Sequence[tuple[_Task, Any]]) -> None:
    for task, result in settled:
        task.settle(result)
