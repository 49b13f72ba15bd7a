"""Shadow releases: run beside what is answered, after it, and kept for comparison. Never shown, never waited for."""

from __future__ import annotations

import logging
import queue
import threading
import time

from sqlalchemy import Connection

from extractor.pipeline import Engine
from extractor.render import result_json
from extractor.types import Note
from service.engines import Engines
from service.store.database import Database
from service.store.shadows import keep_shadow

WAITING = 256  # notes that may wait; beyond, a note goes without its shadow
PAUSES = (0.0, 0.05, 0.5, 2.0)  # seconds in which the transaction that keeps the extraction commits, or never does
log = logging.getLogger("fieldnote.shadows")
Task = tuple[Engine, str, str, Note]


class Shadows:
    """One thread that reads stored notes again with the shadow engine."""

    def __init__(self, engines: Engines, database: Database) -> None:
        self._engines, self._database = engines, database
        self._tasks: queue.Queue[Task | None] = queue.Queue(WAITING)
        self._thread: threading.Thread | None = None

    def follow(self, connection: Connection, tenant: str, extraction: str, note: Note) -> None:
        """Have a freshly stored note read by the shadow release, if there is one, once `connection` has committed."""
        engine = self._engines.shadow(tenant, note.author or note.id or note.text)
        if engine is None:
            return
        try:
            self._tasks.put_nowait((engine, tenant, extraction, note))
        except queue.Full:
            log.warning("a note went without its shadow: too many are waiting")

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="fieldnote-shadows", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish what waits, then end."""
        if self._thread is not None:
            self._tasks.put(None)
            self._thread.join(timeout=30)

    def wait(self) -> None:
        """Until everything handed in so far is kept."""
        self._tasks.join()

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                self._read(*task)
            except Exception:
                log.exception("a shadow could not be read or kept")
            finally:
                self._tasks.task_done()
        self._tasks.task_done()

    def _read(self, engine: Engine, tenant: str, extraction: str, note: Note) -> None:
        answer = result_json(engine.extract(note))
        for pause in PAUSES:
            time.sleep(pause)
            with self._database.write() as connection:
                if keep_shadow(connection, tenant, extraction, bundle=engine.bundle, fields=answer["fields"]):
                    return
