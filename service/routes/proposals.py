"""For managers: what the decisions suggest to learn; one click makes it a rule with tests."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from extractor.overlay import pack_yaml
from service import learning, sandbox
from service.engines import Engines
from service.routes.access import Manager
from service.routes.sandbox import Cursor, ShareIn
from service.store import packs

router = APIRouter(prefix="/v1/proposals")
Key = Annotated[str, Path(max_length=16, pattern=r"^[0-9a-f]+$")]


class TryProposalIn(BaseModel):
    """On how many of the newest notes; `cursor` goes on where the last answer ended."""

    model_config = ConfigDict(extra="forbid")
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    cursor: Cursor | None = None


@router.get("")
def overview(request: Request, caller: Manager) -> dict[str, Any]:
    """Open proposals, most supported first, with what speaks for and against them."""
    engines: Engines = request.app.state.engines
    fields = engines.default.contract.fields
    with request.app.state.database.read() as connection:
        found = learning.open_proposals(engines, connection, caller.tenant)
        texts = packs.texts(connection, learning.examined(found))
    return {"proposals": [learning.proposal_json(p, fields[p.field].title, texts) for p in found]}


@router.post("/{key}/try")
def attempt(request: Request, key: Key, body: TryProposalIn, caller: Manager) -> dict[str, Any]:
    """The pack with the proposal in it, and its effect on stored notes."""
    engines: Engines = request.app.state.engines
    with request.app.state.database.read() as connection:
        pack, _ = learning.draft(engines, connection, caller.tenant, key)
        shown = sandbox.report(engines, connection, caller, pack, limit=body.limit, cursor=body.cursor)
    with request.app.state.database.write() as connection:
        sandbox.remember(connection, caller, shown)
    return {"yaml": pack_yaml(pack), **shown}


@router.post("/{key}/accept", status_code=201)
def accept(request: Request, key: Key, body: ShareIn, caller: Manager) -> JSONResponse:
    """Learn it: a new version of the rule pack, its examples run first, serves a share of the notes (1: all)."""
    engines: Engines = request.app.state.engines
    with request.app.state.database.read() as connection:
        draft = learning.draft(engines, connection, caller.tenant, key)
    sandbox.fit(engines, caller.tenant, draft[0])
    with request.app.state.database.write() as connection:
        version, release = learning.accept(connection, caller, key, draft, body.share)
    engines.refresh()
    answer = {"id": version.id, "version": version.number, "mode": release.mode, "share": release.share}
    return JSONResponse(answer, 201)


@router.post("/{key}/dismiss")
def dismiss(request: Request, key: Key, caller: Manager) -> dict[str, str]:
    """Never mention it again."""
    engines: Engines = request.app.state.engines
    with request.app.state.database.write() as connection:
        learning.proposal(engines, connection, caller.tenant, key)
        packs.answer(connection, caller, key, "dismissed")
    return {"key": key, "state": "dismissed"}
