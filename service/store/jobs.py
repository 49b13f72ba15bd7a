"""Jobs: work longer than a request. One of a kind runs at a time in the whole database, under a lease that expires."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from service.problems import ServiceError
from service.store import audit
from service.store.database import new_id, now
from service.store.keys import Caller
from service.store.release_tables import jobs

LEASE = timedelta(minutes=5)  # without a word for so long, whoever ran a job is taken for gone
OPEN = ("waiting", "running", "cancelling")


def create(connection: Connection, caller: Caller, kind: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """A waiting job. Raises ServiceError 409 `job.running` where one of the kind is open for this tenant."""
    audit.record(connection, caller.tenant, caller.name, "job.create", kind)  # takes the tenant's lock
    running = open_of(connection, caller.tenant, kind)
    if running is not None:
        raise ServiceError(409, "job.running", "已经有一次在进行；等它结束，或先取消", extra={"id": running})
    values: dict[str, Any] = {
        "id": new_id(), "tenant": caller.tenant, "kind": kind, "state": "waiting", "wanted": dict(wanted),
        "progress": 0.0, "step": "", "detail": {}, "by": caller.name, "created_at": now(),
    }  # fmt: skip
    connection.execute(insert(jobs).values(**values))
    return job_json(find(connection, caller.tenant, values["id"]))


def find(connection: Connection, tenant: str, job: str) -> Row[Any]:
    """A job's row. Raises ServiceError 404."""
    row = connection.execute(select(jobs).where(jobs.c.id == job, jobs.c.tenant == tenant)).first()
    if row is None:
        raise ServiceError(404, "job.not_found", "没有这个任务")
    return row


def anyones(connection: Connection, job: str) -> Row[Any]:
    """A job's row, whoever's it is: for the process that runs it. Raises ServiceError 404."""
    row = connection.execute(select(jobs).where(jobs.c.id == job)).first()
    if row is None:
        raise ServiceError(404, "job.not_found", "没有这个任务")
    return row


def open_of(connection: Connection, tenant: str, kind: str) -> str | None:
    """The tenant's job of a kind that is not over, if any."""
    mine = (jobs.c.tenant == tenant) & (jobs.c.kind == kind) & jobs.c.state.in_(OPEN)
    found: str | None = connection.execute(select(jobs.c.id).where(mine)).scalar()
    return found


def jobs_of(connection: Connection, tenant: str, limit: int = 50) -> list[dict[str, Any]]:
    """A tenant's jobs, newest first."""
    query = select(jobs).where(jobs.c.tenant == tenant).order_by(jobs.c.created_at.desc(), jobs.c.id.desc())
    return [job_json(row) for row in connection.execute(query.limit(limit))]


def next_waiting(connection: Connection, kind: str) -> str | None:
    """The job that somebody should take: the oldest whose runner is gone, or that waits; None while one runs."""
    rows = connection.execute(
        select(jobs).where(jobs.c.kind == kind, jobs.c.state.in_(OPEN)).order_by(jobs.c.created_at, jobs.c.id)
    ).all()
    if any(_held(row) for row in rows):
        return None
    return next((row.id for row in rows), None)


def take(connection: Connection, job: str, lease: str) -> Row[Any] | None:
    """Take a job for the runner `lease`; None where it is over, or any of its kind runs. Takers wait for each other."""
    wanted = connection.execute(select(jobs).where(jobs.c.id == job)).first()
    if wanted is None:
        return None
    same = select(jobs).where(jobs.c.kind == wanted.kind, jobs.c.state.in_(OPEN)).order_by(jobs.c.id)
    rows = {row.id: row for row in connection.execute(same.with_for_update())}
    if job not in rows or any(_held(row) for row in rows.values()):
        return None
    if rows[job].state == "cancelling":  # its runner went before it could stop
        _finish(connection, job, "cancelled", None, None)
        return None
    held = {"state": "running", "lease": lease, "lease_until": now() + LEASE, "started_at": now()}
    connection.execute(update(jobs).where(jobs.c.id == job).values(**held))
    return connection.execute(select(jobs).where(jobs.c.id == job)).one()


def tell(connection: Connection, job: str, lease: str, *, progress: float, step: str, detail: Any = None) -> bool:
    """How far the runner is; its lease runs on. False where it should stop: cancelled, or another has the job."""
    row = connection.execute(select(jobs).where(jobs.c.id == job)).first()
    if row is None or row.lease != lease or row.state != "running":
        return False
    values: dict[str, Any] = {"progress": round(progress, 4), "step": step, "lease_until": now() + LEASE}
    if detail is not None:
        values["detail"] = detail
    connection.execute(update(jobs).where(jobs.c.id == job, jobs.c.lease == lease).values(**values))
    return True


def finish(
    connection: Connection, job: str, lease: str, state: str, *, result: Any = None, error: str | None = None
) -> bool:
    """A runner is done: `done`, `failed` or `cancelled`. False where another runner has the job by now."""
    row = connection.execute(select(jobs).where(jobs.c.id == job, jobs.c.lease == lease)).first()
    if row is None or row.state not in OPEN:
        return False
    _finish(connection, job, state, result, error)
    audit.record(connection, row.tenant, row.by, f"job.{state}", job, {"kind": row.kind})
    return True


def cancel(connection: Connection, caller: Caller, job: str) -> dict[str, Any]:
    """A waiting job is over; a running one is asked to stop. Raises ServiceError 404, 409 where it is over already."""
    audit.record(connection, caller.tenant, caller.name, "job.cancel", job)
    row = find(connection, caller.tenant, job)
    if row.state not in OPEN:
        raise ServiceError(409, "job.over", "这个任务已经结束")
    if _held(row):
        connection.execute(update(jobs).where(jobs.c.id == job).values(state="cancelling"))
    else:
        _finish(connection, job, "cancelled", None, None)
    return job_json(find(connection, caller.tenant, job))


def job_json(row: Row[Any]) -> dict[str, Any]:
    """A job as clients see it; `progress` in 0..1."""
    times = {name: getattr(row, name) for name in ("created_at", "started_at", "ended_at")}
    return {
        "id": row.id, "kind": row.kind, "state": row.state, "wanted": row.wanted, "progress": row.progress,
        "step": row.step, "detail": row.detail, "by": row.by, "result": row.result, "error": row.error,
        **{name: at.isoformat() if at else None for name, at in times.items()},
    }  # fmt: skip


def _held(row: Row[Any]) -> bool:
    return row.state in ("running", "cancelling") and row.lease_until is not None and row.lease_until > now()


def _finish(connection: Connection, job: str, state: str, result: Any, error: str | None) -> None:
    values: dict[str, Any] = {"state": state, "ended_at": now(), "result": result, "error": error, "lease": None}
    if state == "done":
        values["progress"] = 1.0
    connection.execute(update(jobs).where(jobs.c.id == job).values(**values))
