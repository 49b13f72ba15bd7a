"""One writer for many requests: what waits at the same time is committed together, so that one sync serves all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection

from service.store.database import Database

T = TypeVar("T")
Work = tuple[Callable[[Connection], Any], "Future[Any]"]
MOST = 32  # works in one transaction


class Scribe:
    """Does works on one connection, in the order they came. A future is done once its transaction is durable."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._waiting: SimpleQueue[Work | None] = SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def write(self, work: Callable[[Connection], T]) -> Future[T]:
        """Queue a work. It must be such that it can be done again where the transaction it shared had to be undone."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="fieldnote-scribe", daemon=True)
                self._thread.start()
        future: Future[T] = Future()
        self._waiting.put((work, future))
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
            batch, ends = [first], False
            while len(batch) < MOST and not ends:
                try:
                    more = self._waiting.get_nowait()
                except Empty:
                    break
                if more is None:
                    ends = True
                else:
                    batch.append(more)
            if not self._together(batch):
                for work in batch:
                    self._alone(*work)
            if ends:
                return

    def _together(self, batch: list[Work]) -> bool:
        """All in one transaction; False, and nothing done, where one of them fails."""
        try:
            with self.database.write() as connection:
                results = [work(connection) for work, _ in batch]
        except Exception:
            return False
        for (_, future), result in zip(batch, results, strict=True):
            future.set_result(result)
        return True

    def _alone(self, work: Callable[[Connection], Any], future: Future[Any]) -> None:
        try:
            with self.database.write() as connection:
                result = work(connection)
        except Exception as error:
            future.set_exception(error)
        else:
            future.set_result(result)
