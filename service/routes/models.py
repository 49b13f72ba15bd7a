"""For managers: versions of the model, what serves, trials, calibration; jobs that make new versions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from service import jobs, releases
from service.engines import Engines
from service.routes.access import Manager
from service.store import jobs as job_store
from service.store import releases as store

router = APIRouter(prefix="/v1")
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^/\\\x00]+$")]
JobId = Annotated[str, Path(max_length=32)]


class ReleaseIn(BaseModel):
    """A version, how it is to serve, and for a canary the share of notes."""

    model_config = ConfigDict(extra="forbid")
    version: Name
    mode: Literal["live", "canary", "shadow"] = "live"
    share: Annotated[float, Field(gt=0, le=1)] = 1.0


class RetrainIn(BaseModel):
    """Whether a version that passes the gate goes live at once."""

    model_config = ConfigDict(extra="forbid")
    promote: bool = False


@router.get("/models")
def overview(request: Request, caller: Manager) -> dict[str, Any]:
    """Versions with scores and the gate's reports, what serves, and every release so far."""
    engines: Engines = request.app.state.engines
    with request.app.state.database.read() as connection:
        return {
            "serving": releases.serving(engines, connection, caller.tenant),
            "versions": releases.versions(engines, connection, caller.tenant),
            "history": [releases.release_json(r) for r in store.releases_of(connection, caller.tenant)],
        }


@router.get("/models/adoption")
def adoption(request: Request, caller: Manager) -> dict[str, Any]:
    """What people did with the suggestions of each model, rule pack and shadow."""
    with request.app.state.database.read() as connection:
        return releases.adoption(connection, caller.tenant)


@router.post("/models/releases", status_code=201)
def release(request: Request, body: ReleaseIn, caller: Manager) -> JSONResponse:
    """Let a version serve: live, for a share (canary), or unseen (shadow). 409 `model.refused` past the gate."""
    engines: Engines = request.app.state.engines
    with request.app.state.database.write() as connection:
        made = releases.release_model(
            engines, connection, caller.tenant, body.version, body.mode, by=caller.name, share=body.share
        )
    engines.refresh()
    return JSONResponse(releases.release_json(made), 201)


@router.delete("/models/releases/{mode}")
def end(request: Request, mode: Literal["canary", "shadow"], caller: Manager) -> dict[str, Any]:
    """A trial ends; its notes are answered by what is live."""
    with request.app.state.database.write() as connection:
        ended = store.end(connection, caller.tenant, "model", mode, by=caller.name)
    request.app.state.engines.refresh()
    return {"ref": ended.ref, "mode": mode, "ended": True}


@router.post("/models/rollback")
def rollback(request: Request, caller: Manager) -> dict[str, Any]:
    """Back to the model that served before."""
    return _back(request, caller, "model")


@router.get("/models/calibration")
def calibration(request: Request, caller: Manager) -> dict[str, Any]:
    """Per field what confidence promised and what people accepted; `alarm` where less by more than chance."""
    with request.app.state.database.read() as connection:
        return releases.calibration(request.app.state.engines, connection, caller.tenant)


@router.post("/models/calibration")
def recalibrate(request: Request, caller: Manager) -> dict[str, Any]:
    """Let confidence follow what this tenant's people accepted."""
    engines: Engines = request.app.state.engines
    with request.app.state.database.write() as connection:
        made = releases.recalibrate(engines, connection, caller)
    engines.refresh()
    return made


@router.post("/models/calibration/rollback")
def uncalibrate(request: Request, caller: Manager) -> dict[str, Any]:
    """Back to the calibration that served before."""
    return _back(request, caller, "calibration")


@router.post("/models/retrain", status_code=202)
def retrain(request: Request, body: RetrainIn, caller: Manager) -> JSONResponse:
    """Train anew from what people said, beside the service. 409 `job.running` while one is under way."""
    with request.app.state.database.write() as connection:
        made = job_store.create(connection, caller, jobs.RETRAIN, body.model_dump())
    return JSONResponse(made, 202)


@router.get("/jobs")
def list_jobs(request: Request, caller: Manager) -> dict[str, Any]:
    """The tenant's jobs, newest first."""
    with request.app.state.database.read() as connection:
        return {"jobs": job_store.jobs_of(connection, caller.tenant)}


@router.get("/jobs/{job}")
def read_job(request: Request, job: JobId, caller: Manager) -> dict[str, Any]:
    """How far a job is, and what came of it."""
    with request.app.state.database.read() as connection:
        return job_store.job_json(job_store.find(connection, caller.tenant, job))


@router.post("/jobs/{job}/cancel")
def cancel(request: Request, job: JobId, caller: Manager) -> dict[str, Any]:
    """A waiting job never starts, a running one stops at its next step; what it has done stays for a later one."""
    with request.app.state.database.write() as connection:
        return job_store.cancel(connection, caller, job)


def _back(request: Request, caller: Manager, kind: Literal["model", "calibration"]) -> dict[str, Any]:
    with request.app.state.database.write() as connection:
        now = store.rollback(connection, caller.tenant, kind, by=caller.name)
    request.app.state.engines.refresh()
    return {"kind": kind, "serves": now.ref if now else None}
