"""Jobs run in processes of their own, so that serving neither waits for them nor imports what they need.

A server looks for a waiting job and starts `fieldnote retrain --job ID`; the child takes the job's lease, tells how
far it is, and ends it. A child that dies leaves a lease that expires; the next one goes on in the same run folder.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Sequence

from service.settings import Settings
from service.store import jobs
from service.store.database import Database

RETRAIN = "retrain"
LOOK = 2.0  # seconds between looks for a job
log = logging.getLogger("fieldnote.jobs")


class JobStarter:
    """One child at a time. `step` is one look."""

    def __init__(self, database: Database, settings: Settings, command: Sequence[str] | None = None) -> None:
        self._database, self._settings = database, settings
        self._command = command or (sys.executable, "-m", "service", "retrain", "--job")
        self._child: subprocess.Popen[bytes] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fieldnote-jobs", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """No further job starts; a running child is asked to stop, and another server goes on with its job."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=15)
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()
            self._child.wait(timeout=15)

    def step(self) -> str | None:
        """Start the job that waits, if no child of ours runs; its id."""
        if self._child is not None and self._child.poll() is None:
            return None
        with self._database.read() as connection:
            job = jobs.next_waiting(connection, RETRAIN)
        if job is not None:
            self._child = subprocess.Popen([*self._command, job], env=_environment(self._settings))
        return job

    def wait(self) -> int:
        """The exit status of the child, once it has ended."""
        return self._child.wait() if self._child is not None else 0

    def _run(self) -> None:
        while not self._stop.wait(LOOK):
            try:
                self.step()
            except Exception:
                log.exception("a job could not be started")


def _environment(settings: Settings) -> dict[str, str]:
    """The child's environment: what this process was told by flags, it is told by variables."""
    given = {
        "FIELDNOTE_DATABASE_URL": settings.database_url,
        "FIELDNOTE_REGISTRY": str(settings.registry),
        "FIELDNOTE_RETRAIN": str(settings.retrain),
    }
    if settings.model:
        given["FIELDNOTE_MODEL"] = str(settings.model)
    if settings.contract:
        given["FIELDNOTE_CONTRACT"] = str(settings.contract)
    return {**os.environ, **given}
