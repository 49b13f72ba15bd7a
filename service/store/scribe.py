"""One writer for many requests: what waits at the same time is committed together, so that one sync serves all.

Works of the same kind that follow each other are given to that kind at once, so that one statement may serve all too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import groupby
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection

from service.store.database import Database

T = TypeVar("T")
Item = TypeVar("Item")
Kind = Callable[[Connection, Sequence[Item]], Sequence[T]]
MOST = 32  # works in one transaction


@dataclass(frozen=True, slots=True)
class _Work:
    kind: Kind[Any, Any]
    item: Any
    future: Future[Any]


class Scribe:
    """Does works on one connection, in the order they came. A future is done once its transaction is durable."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._waiting: SimpleQueue[_Work | None] = SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def write(self, work: Callable[[Connection], T]) -> Future[T]:
        """Queue a work. It must be such that it can be done again where the transaction it shared had to be undone."""
        return self.add(_each, work)

    def add(self, kind: Kind[Item, T], item: Item) -> Future[T]:
        """Queue an item of a kind, which gives one result for each of the items it is given; the same holds for it."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="fieldnote-scribe", daemon=True)
                self._thread.start()
        future: Future[T] = Future()
        self._waiting.put(_Work(kind, item, future))
        return future

    def stop(self) -> None:
        """Finish what is queued, then end."""
        with self._starting:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._waiting.put(None)
            thread.join()

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch = [first, *self._more()]
            ends = batch[-1] is None
            works = [work for work in batch if work is not None]
            if not self._together(works):
                for work in works:
                    self._alone(work)
            if ends:
                return

    def _more(self) -> Iterator[_Work | None]:
        """What waits already; None, the last, where it ends here."""
        for _ in range(MOST - 1):
            try:
                work = self._waiting.get_nowait()
            except Empty:
                return
            yield work
            if work is None:
                return

    def _together(self, works: Sequence[_Work]) -> bool:
        """All in one transaction; False, and nothing done, where one of them fails."""
        results: list[Any] = []
        try:
            with self.database.write() as connection:
                for kind, same in groupby(works, lambda work: work.kind):
                    results += kind(connection, [work.item for work in same])
        except Exception:
            return False
        for work, result in zip(works, results, strict=True):
            work.future.set_result(result)
        return True

    def _alone(self, work: _Work) -> None:
        try:
            with self.database.write() as connection:
                (result,) = work.kind(connection, [work.item])
        except Exception as error:
            work.future.set_exception(error)
        else:
            work.future.set_result(result)


def _each(connection: Connection, works: Sequence[Callable[[Connection], T]]) -> list[T]:
    return [work(connection) for work in works]
