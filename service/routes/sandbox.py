"""For managers: rule packs tried on the history, published for a share of the notes, taken back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from extractor.overlay import Pack, merged, pack_yaml, read_pack
from service import sandbox
from service.engines import Engines
from service.routes.access import Manager

router = APIRouter(prefix="/v1/sandbox")
Yaml = Annotated[str, StringConstraints(max_length=100_000)]
Cursor = Annotated[str, StringConstraints(max_length=200)]
PackId = Annotated[str, Path(max_length=32, pattern=r"^[0-9a-f]+$")]
Share = Annotated[float, Field(gt=0, le=1)]


class TryIn(BaseModel):
    """A pack as YAML, and on how many of the newest notes; `cursor` goes on where the last answer ended."""

    model_config = ConfigDict(extra="forbid")
    yaml: Yaml
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    cursor: Cursor | None = None


class PackIn(BaseModel):
    """A pack to publish: for all notes, or a share; `parent` is the version it was made from (empty: none)."""

    model_config = ConfigDict(extra="forbid")
    yaml: Yaml
    share: Share = 1.0
    parent: Annotated[str, StringConstraints(max_length=32)] | None = None


class ShareIn(BaseModel):
    """The share of the notes a version is to serve; 1 is all."""

    model_config = ConfigDict(extra="forbid")
    share: Share = 1.0


class MergeIn(BaseModel):
    """A pack and what is to be added to it, both YAML."""

    model_config = ConfigDict(extra="forbid")
    yaml: Yaml
    change: Yaml


def _read(yaml: str) -> Pack:
    with sandbox.refusals():
        return read_pack(yaml)


@router.post("/try")
def attempt(request: Request, body: TryIn, caller: Manager) -> dict[str, Any]:
    """Per field what the pack would find, lose and change on stored notes, with examples and what people had said."""
    pack = _read(body.yaml)
    engines: Engines = request.app.state.engines
    with request.app.state.database.read() as connection:
        shown = sandbox.report(engines, connection, caller, pack, limit=body.limit, cursor=body.cursor)
    with request.app.state.database.write() as connection:
        sandbox.remember(connection, caller, shown)
    return shown


@router.post("/merge")
def merge(body: MergeIn, caller: Manager) -> dict[str, str]:
    """The pack with the change in it, as YAML. Nothing is kept."""
    return {"yaml": pack_yaml(merged(_read(body.yaml), _read(body.change)))}


@router.get("/packs")
def overview(request: Request, caller: Manager) -> dict[str, Any]:
    """Versions with their differences, what serves, and the draft a change starts from."""
    with request.app.state.database.read() as connection:
        return sandbox.overview(connection, caller.tenant)


@router.post("/packs", status_code=201)
def publish(request: Request, body: PackIn, caller: Manager) -> JSONResponse:
    """Keep a pack and let it serve. 422 `pack.examples` where its own examples fail."""
    pack = _read(body.yaml)
    engines: Engines = request.app.state.engines
    sandbox.fit(engines, caller.tenant, pack)
    with request.app.state.database.write() as connection:
        version, release = sandbox.publish(connection, caller, pack, share=body.share, parent=body.parent)
    engines.refresh()
    answer = {"id": version.id, "version": version.number, "mode": release.mode, "share": release.share}
    return JSONResponse(answer, 201)


@router.post("/packs/{pack}/serve")
def serve(request: Request, pack: PackId, body: ShareIn, caller: Manager) -> dict[str, Any]:
    """Let a kept version serve a share of the notes: a canary grows, or an older version comes back."""
    with request.app.state.database.write() as connection:
        release = sandbox.serve(connection, caller, pack, share=body.share)
    request.app.state.engines.refresh()
    return {"id": pack, "mode": release.mode, "share": release.share}


@router.post("/undo")
def undo(request: Request, caller: Manager) -> dict[str, Any]:
    """One step back: a canary ends, or what was live before is live again. 404 where no pack serves."""
    with request.app.state.database.write() as connection:
        back = sandbox.undo(connection, caller)
    request.app.state.engines.refresh()
    return {"serving": back.ref if back else None}
