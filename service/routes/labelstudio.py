"""The protocol of Label Studio's ML backends (`/setup /predict /webhook /health`), and tasks to import there.

The key comes as Label Studio can send it: the password of basic authentication for the backend, a header
`Authorization: Bearer …` (or `Token …`) for its webhook.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from annotation.formats import labelstudio
from extractor.pipeline import Engine
from service.labelling import pre_annotated, prediction, take_in
from service.problems import ServiceError
from service.schemas import Text, Time
from service.store.database import now
from service.store.examples import unlabelled
from service.store.keys import Caller

router = APIRouter(prefix="/labelstudio", include_in_schema=False)
ANNOTATED = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED")


class DataIn(BaseModel):
    """A task's data: the note, and its time where the task says it."""

    model_config = ConfigDict(extra="allow")
    text: Text
    sent_at: Time | None = None


class TaskIn(BaseModel):
    """A task as Label Studio sends it; other keys are its own business."""

    model_config = ConfigDict(extra="allow")
    data: DataIn


class PredictIn(BaseModel):
    """`POST /predict`: tasks to look at."""

    model_config = ConfigDict(extra="allow")
    tasks: Annotated[list[TaskIn], Field(max_length=500)]


class EventIn(BaseModel):
    """`POST /webhook`: what happened, for an annotation with its task."""

    model_config = ConfigDict(extra="allow")
    action: str
    annotation: dict[str, Any] | None = None
    task: dict[str, Any] | None = None


def annotator(request: Request) -> Caller:
    """The key's owner, who may annotate. Raises ServiceError 401, 403."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    key = _password(given) if scheme.lower() == "basic" else given.strip()
    callers = request.app.state.callers
    caller: Caller | None = (callers.known(key) or callers.look_up(key)) if key else None
    if caller is None:
        raise ServiceError(401, "key.invalid", "请把 API 钥匙写成 Label Studio 后端的密码，或放进 Authorization 头")
    if not caller.may("annotate"):
        raise ServiceError(403, "key.scope", "这把钥匙没有 annotate 权限")
    return caller


def _password(given: str) -> str:
    try:
        user, _, password = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return password or user


Annotator = Annotated[Caller, Depends(annotator)]


def _engine(request: Request, caller: Caller) -> Engine:
    engine: Engine = request.app.state.engines.pick(caller.tenant, caller.name)
    return engine


@router.get("/health")
@router.get("/")
def health() -> dict[str, str]:
    """Label Studio asks this before it keeps a backend."""
    return {"status": "UP", "model_class": "FieldNote"}


@router.post("/setup")
def setup(request: Request, caller: Annotator) -> dict[str, str]:
    """The version Label Studio files predictions under."""
    return {"model_version": _engine(request, caller).bundle}


@router.post("/predict")
def predict(request: Request, body: PredictIn, caller: Annotator) -> dict[str, Any]:
    """One prediction a task, in their order; a note without a time is read as sent now."""
    engine = _engine(request, caller)
    return {"results": [prediction(engine, t.data.text, t.data.sent_at or now()) for t in body.tasks]}


@router.post("/webhook", status_code=201)
def webhook(request: Request, body: EventIn, caller: Annotator) -> dict[str, Any]:
    """A new or changed annotation closes its note; a skipped task and other events change nothing."""
    if body.action not in ANNOTATED or not body.annotation or not body.task or body.annotation.get("was_cancelled"):
        return {"status": "ignored"}
    task = {**body.task, "annotations": [body.annotation]}
    with request.app.state.database.write() as connection:
        marks = take_in(connection, caller, _engine(request, caller), task)
    return {"status": "ok", "marks": marks}


@router.get("/tasks")
def tasks(
    request: Request, caller: Annotator, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> list[dict[str, Any]]:  # fmt: skip
    """The newest notes nobody answered for, ready to import, with the engine's marks as predictions."""
    engine = _engine(request, caller)
    with request.app.state.database.read() as connection:
        rows = unlabelled(connection, caller.tenant, limit)
    return [pre_annotated(engine, row) for row in rows]


@router.get("/config")
def config(request: Request, caller: Annotator) -> Response:
    """The labelling interface for the tenant's contract."""
    return Response(labelstudio.config(_engine(request, caller).contract), media_type="application/xml")
