"""`/v1/annotation`: notes to mark, marks, disputes, figures, guidelines."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from annotation.agreement import agreements
from annotation.guidelines import general, guides
from models.tagger import OnnxTagger
from service.annotating import Annotating, Given, begin_next
from service.asking import set_settings, settings_of
from service.problems import ServiceError
from service.routes.access import Anyone, Manager, caller_of, needs
from service.routes.extractions import etag
from service.schemas import Label, Stretch
from service.store import annotation as store
from service.store.annotation_figures import pairs, progress
from service.store.keys import Caller

router = APIRouter(prefix="/v1/annotation")
TaskId = Annotated[str, Path(max_length=64)]
Annotator = Annotated[Caller, Depends(needs("annotate"))]
Match = Annotated[str | None, Header(alias="If-Match", max_length=40)]


async def _judge(caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
    """An annotator or a manager. Raises ServiceError 403."""
    if not (caller.may("annotate") or caller.may("manage")):
        raise ServiceError(403, "key.scope", "这把钥匙没有 annotate 或 manage 权限")
    return caller


Judge = Annotated[Caller, Depends(_judge)]


class MarkIn(BaseModel):
    """One value that a person marks; `value` is canonical JSON or words. `suggested`: not accepted yet (drafts)."""

    model_config = ConfigDict(extra="ignore")
    field: Label
    evidence: Annotated[list[Stretch], Field(min_length=1, max_length=20)]
    value: Any = None
    certain: bool = True
    suggested: bool = False


class MarksIn(BaseModel):
    """All marks of a note; an empty list says that nothing is to be marked."""

    model_config = ConfigDict(extra="forbid")
    marks: Annotated[list[MarkIn], Field(max_length=200)]

    def plain(self) -> list[dict[str, Any]]:
        return [m.model_dump() for m in self.marks]


class SkipIn(BaseModel):
    """Why the note cannot be marked."""

    model_config = ConfigDict(extra="forbid")
    reason: Annotated[str, StringConstraints(max_length=400)]


class SettingsIn(BaseModel):
    """The mix of the queue (null: the shipped one), and the share of notes that two people mark."""

    model_config = ConfigDict(extra="forbid")
    mix: dict[str, float] | None = None
    double: Annotated[float, Field(ge=0, le=1)]


def annotating(request: Request, caller: Caller) -> Annotating:
    """The desk for the caller's tenant, under its contract."""
    engine = request.app.state.engines.pick(caller.tenant, "")
    scores = engine.tagger.bundle.manifest.scores if isinstance(engine.tagger, OnnxTagger) else {}
    f1 = {name: row["f1"] for name, row in scores.get("fields", {}).items()}
    return Annotating(engine.contract, engine.extract, f1)


@router.post("/next")
def next_task(request: Request, caller: Annotator) -> dict[str, Any]:
    """`{"task": …}` to work on now: one's unfinished one, else the queue's next; null where there is none."""
    return {"task": begin_next(request.app.state.database, annotating(request, caller), caller)}


@router.get("/tasks/{task}")
def read_task(request: Request, task: TaskId, caller: Annotator) -> JSONResponse:
    """One's own sheet on a task; its `ETag` goes into `If-Match`."""
    with request.app.state.database.read() as connection:
        return _sheet(annotating(request, caller).sheet(connection, caller, task))


def _sheet(answer: dict[str, Any]) -> JSONResponse:
    return JSONResponse(answer, headers={"ETag": f'"{answer["sheet"]["version"]}"'})


@router.put("/tasks/{task}/marks")
def save(request: Request, task: TaskId, body: MarksIn, caller: Annotator, if_match: Match = None) -> JSONResponse:
    """Keep a draft, as often as one likes."""
    with request.app.state.database.write() as connection:
        given = Given(body.plain(), etag(if_match))
        return _sheet(annotating(request, caller).save(connection, caller, task, given))


@router.post("/tasks/{task}/finish")
def finish(request: Request, task: TaskId, body: MarksIn, caller: Annotator, if_match: Match = None) -> JSONResponse:
    """These are all marks of the note. Sending the same again changes nothing."""
    with request.app.state.database.write() as connection:
        given = Given(body.plain(), etag(if_match))
        return _sheet(annotating(request, caller).finish(connection, caller, task, given))


@router.post("/tasks/{task}/skip")
def skip(request: Request, task: TaskId, body: SkipIn, caller: Annotator) -> JSONResponse:
    """One cannot mark this note."""
    with request.app.state.database.write() as connection:
        return _sheet(annotating(request, caller).skip(connection, caller, task, body.reason))


@router.get("/disputes")
def list_disputes(request: Request, caller: Judge) -> dict[str, Any]:
    """Notes on which two people differ and that the caller has not marked."""
    with request.app.state.database.read() as connection:
        rows = store.disputes(connection, caller.tenant, caller.name)
    return {"disputes": [{"id": r.id, "text": r.text, "sent_at": r.sent_at} for r in rows]}


@router.get("/disputes/{task}")
def read_dispute(request: Request, task: TaskId, caller: Judge) -> dict[str, Any]:
    """Both sides, without names, and the fields they part in."""
    with request.app.state.database.read() as connection:
        return annotating(request, caller).dispute(connection, caller, task)


@router.post("/disputes/{task}/settle")
def settle(request: Request, task: TaskId, body: MarksIn, caller: Judge) -> dict[str, Any]:
    """What is right after all; the note is closed with these marks."""
    with request.app.state.database.write() as connection:
        return annotating(request, caller).settle(connection, caller, task, body.plain())


@router.get("/progress")
def figures(request: Request, caller: Judge) -> dict[str, Any]:
    """Tasks by state and strategy; per annotator how many and how fast. Annotators see themselves alone."""
    with request.app.state.database.read() as connection:
        found = progress(connection, caller.tenant)
        mix, double = settings_of(connection, caller.tenant)
    if not caller.may("manage"):
        found["annotators"] = [a for a in found["annotators"] if a["annotator"] == caller.name]
    return {**found, "settings": {"mix": asdict(mix), "double": double}}


@router.get("/agreement")
def agreement(request: Request, caller: Judge) -> dict[str, Any]:
    """Per field F1 on words and value and Krippendorff's alpha on values, over all notes that two people marked."""
    contract = request.app.state.engines.contract_of(caller.tenant)
    with request.app.state.database.read() as connection:
        both = pairs(connection, caller.tenant)
    rows = [
        {"field": a.field, "title": contract.fields[a.field].title, "notes": a.notes, "f1": a.f1, "alpha": a.alpha}
        for a in agreements(both, contract.fields)
    ]
    return {"notes": len(both), "fields": rows}


@router.put("/settings")
def settings(request: Request, body: SettingsIn, caller: Manager) -> dict[str, Any]:
    """The tenant's own mix and share."""
    with request.app.state.database.write() as connection:
        set_settings(connection, caller, body.mix, body.double)
    return body.model_dump()


@router.get("/guidelines")
def guidelines(request: Request, caller: Anyone) -> dict[str, Any]:
    """What to mark and what not, by field, from the contract."""
    contract = request.app.state.engines.contract_of(caller.tenant)
    return {"version": contract.version, "rules": general(), "fields": [g.to_json() for g in guides(contract)]}
