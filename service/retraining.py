"""The child process of a retraining job: takes the lease, trains, tells how far it is, keeps the verdict, promotes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Row

from annotation.records import Record
from annotation.retrain import Made, Work, retrain
from extractor.errors import FieldNoteError
from models.bundle import DEFAULT
from models.train.config import load_config
from service.engines import folder_of
from service.settings import Settings
from service.store import jobs, releases, verdicts
from service.store.database import Database, new_id
from service.store.examples import examples

BEAT = 20.0  # seconds between signs of life
STEPS: Mapping[str, tuple[float, float]] = {
    "dataset": (0.0, 0.02), "pretrain": (0.02, 0.3), "fine-tune": (0.02, 0.85), "gate": (0.88, 0.98),
    "register": (0.98, 1.0),
}  # fmt: skip


class StoppedError(FieldNoteError):
    """A job that was cancelled, or that another runner has taken over."""

    code = "job.stopped"


class Reporter:
    """Tells the database how far a job is: at once for a new step, otherwise once a second, and while nothing moves."""

    def __init__(self, database: Database, job: str, lease: str) -> None:
        self._database, self._job, self._lease = database, job, lease
        self._now: tuple[float, str, dict[str, float]] = (0.0, "dataset", {})
        self._told_at, self._stopped, self._over = 0.0, False, threading.Event()
        self._thread = threading.Thread(target=self._beat, name="fieldnote-job-beat", daemon=True)
        self._thread.start()

    def __call__(self, step: str, at: int, of: int, figures: dict[str, float]) -> None:
        """Raises StoppedError where the job should go on no further."""
        low, high = STEPS.get(step, (self._now[0], self._now[0]))
        fresh = step != self._now[1]
        self._now = (low + (high - low) * at / max(1, of), step, figures)
        if fresh or time.monotonic() - self._told_at >= 1:
            self._tell()
        if self._stopped:
            raise StoppedError("任务已取消，或已由别的进程接手")

    def close(self) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._over.wait(BEAT):
            self._tell()

    def _tell(self) -> None:
        progress, step, figures = self._now
        with self._database.write() as connection:
            held = jobs.tell(connection, self._job, self._lease, progress=progress, step=step, detail=figures)
        self._told_at, self._stopped = time.monotonic(), self._stopped or not held


def run_job(database: Database, settings: Settings, job: str) -> str:
    """Do a job from its lease to its end; the state it ended in, or `waiting` where it is not our turn."""
    lease = new_id()
    with database.write() as connection:
        row = jobs.take(connection, job, lease)
    if row is None:
        return "waiting"
    reporter = Reporter(database, job, lease)
    try:
        made = _retrain(database, settings, row, reporter)
    except StoppedError:
        state, result, error = "cancelled", None, None
    except Exception as problem:  # whatever ends a training, the job says so
        state, result, error = "failed", None, f"{type(problem).__name__}: {problem}"[:2000]
    else:
        state, result, error = "done", _settled(database, row, made), None
    finally:
        reporter.close()
    with database.write() as connection:
        jobs.finish(connection, job, lease, state, result=result, error=error)
    return state


def _retrain(database: Database, settings: Settings, row: Row[Any], reporter: Reporter) -> Made:
    config = load_config(settings.retrain)
    incumbent = _incumbent(database, settings, row.tenant)
    version = f"{config.name}-{row.tenant}-{row.created_at:%Y%m%d%H%M%S}"
    work = Work(config, incumbent, version, settings.registry, row.tenant)

    def collect() -> Iterable[Record]:
        with database.read() as connection:
            return list(examples(connection, row.tenant))

    return retrain(work, collect, progress=reporter)


def _incumbent(database: Database, settings: Settings, tenant: str) -> Path:
    """The folder of the model that serves the tenant."""
    with database.read() as connection:
        live = releases.live_ref(connection, tenant, "model")
    return folder_of(settings.registry, live) if live else settings.model or DEFAULT


def _settled(database: Database, row: Row[Any], made: Made) -> dict[str, Any]:
    """Keep the verdict; let a candidate that passed serve where that was asked for."""
    with database.write() as connection:
        verdicts.keep_verdict(connection, row.tenant, made.version, made.incumbent, made.report)
        promoted = made.registered and bool(row.wanted.get("promote"))
        if promoted:
            releases.begin(connection, row.tenant, "model", made.version, "live", by=row.by)
    return {
        "version": made.version, "incumbent": made.incumbent, "registered": made.registered, "promoted": promoted,
        "data": made.data, "gate": made.report.to_json(),
    }  # fmt: skip
