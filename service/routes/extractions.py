"""`/v1/extractions`, decisions on them, and the inbox."""

from __future__ import annotations

import asyncio
import base64
import binascii
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse
from opentelemetry.context import get_current
from starlette.datastructures import State

from extractor.pipeline import Engine
from extractor.types import Result
from service.decide import Decision, Desk
from service.engine import traced_json
from service.engines import Engines
from service.problems import ServiceError
from service.readers import Readers
from service.routes.access import KEY_OPTIONAL, Anyone, Decider, Maybe
from service.schemas import BatchIn, DecisionsIn, ExtractionIn, ExtractionOut, NoteIn, one_note
from service.store import audit, reconfirm, suggestions
from service.store.keeping import Answered
from service.store.keys import Caller
from service.store.once import once
from service.storing import Order

router = APIRouter(prefix="/v1")
Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)]


@router.post(
    "/extractions",
    response_model=ExtractionOut,
    responses={200: {"model": ExtractionOut}},
    status_code=201,
    openapi_extra=KEY_OPTIONAL,
)
async def extract(
    request: Request, body: ExtractionIn, caller: Maybe, explain: bool = False, idempotency_key: Key = None
) -> JSONResponse:
    """Fields of one note. With `store: true` (and a key) they become suggestions that await a decision."""
    engine, note, state = _engine(request, caller, body.note), body.note.to_note(), request.app.state
    readers: Readers = state.readers
    shown = partial(_trim, explain=explain)
    if not body.store:
        _open(request, caller)
        return await readers.read(engine, note, lambda result: JSONResponse(shown(_answer(state, result, explain))))
    owner = _storing(caller)
    found = await readers.read(engine, note, lambda result: _answer(state, result, explain))
    read = Answered(owner, note, found, engine.contract)
    order = Order(read, idempotency_key, body.model_dump, shown, get_current())
    status, answer = await asyncio.wrap_future(state.scribe.add(state.storing.answers, order))
    return JSONResponse(answer, status)


def _engine(request: Request, caller: Caller | None, note: NoteIn) -> Engine:
    """The engine of this request, picked once: what a release serves to the note's author, or to the note."""
    engines: Engines = request.app.state.engines
    return engines.pick(caller.tenant if caller else None, note.author or note.id or note.text)


def _storing(caller: Caller | None) -> Caller:
    if caller is None:
        raise ServiceError(401, "key.missing", "要保存请带上钥匙：Authorization: Bearer <key>；不保存请写 store: false")
    if not caller.may("extract"):
        raise ServiceError(403, "key.scope", "这把钥匙没有 extract 权限")
    return caller


def _open(request: Request, caller: Caller | None) -> None:
    """Without storing, no key is asked for outside production."""
    if caller is None and request.app.state.settings.env == "production":
        raise ServiceError(401, "key.missing", "请带上钥匙：Authorization: Bearer <key>")


def _answer(state: State, result: Result, explain: bool) -> dict[str, Any]:
    state.metrics.count(result)
    return traced_json(result, explain=explain)


def _trim(answer: dict[str, Any], explain: bool) -> dict[str, Any]:
    """Without what was dropped, unless the trace is asked for."""
    return answer if explain else {key: value for key, value in answer.items() if key != "dropped"}


@router.post("/extractions/batch", openapi_extra=KEY_OPTIONAL)
def extract_batch(request: Request, body: BatchIn, caller: Maybe, explain: bool = False) -> JSONResponse:
    """Per note its fields, or the problem with it; with `store: true` each good note is kept."""
    items = [one_note(item) for item in body.notes]
    good = [item for item in items if isinstance(item, NoteIn)]
    owner = _storing(caller) if body.store else None
    if owner is None:
        _open(request, caller)
    if not good:
        return JSONResponse({"results": items})
    engine = _engine(request, owner or caller, good[0])  # one bundle for the whole answer
    notes, state = [note.to_note() for note in good], request.app.state
    found = [_answer(state, result, explain) for result in engine.extract_many(notes)]
    if owner is not None:
        read = [Answered(owner, note, answer, engine.contract) for note, answer in zip(notes, found, strict=True)]
        with state.database.write() as connection:
            found = [kept.answer for kept in state.storing.keep(connection, read)]
    answers = iter(_trim(answer, explain) for answer in found)
    return JSONResponse({"results": [next(answers) if isinstance(item, NoteIn) else item for item in items]})


@router.get("/extractions/{extraction}")
def read(request: Request, extraction: str, caller: Anyone) -> JSONResponse:
    """An extraction with the state of every suggestion; its `ETag` goes into `If-Match` of a decision.

    The reading is audited.
    """
    with request.app.state.database.write() as connection:
        kept = suggestions.load(connection, caller.tenant, extraction)
        audit.record(connection, caller.tenant, caller.name, "extraction.read", extraction)
    return JSONResponse(kept.answer, headers={"ETag": f'"{kept.version}"'})


@router.post("/extractions/{extraction}/decisions")
def decide(
    request: Request,
    extraction: str,
    body: DecisionsIn,
    caller: Decider,
    idempotency_key: Key = None,
    if_match: Annotated[str | None, Header(alias="If-Match", max_length=40)] = None,
) -> JSONResponse:
    """Confirm, correct, reject or undo suggestions, all or none."""
    desk: Desk = request.app.state.desk
    wanted = [Decision(**d.model_dump()) for d in body.decisions]
    expected = etag(if_match)
    with request.app.state.database.write() as connection:

        def make() -> tuple[int, dict[str, Any]]:
            kept = desk.decide(connection, caller, extraction, wanted, expected=expected)
            return 200, {**kept.answer, "version": kept.version}

        asked = [extraction, body.model_dump()]
        status, answer = once(connection, caller.tenant, idempotency_key, asked, make)
    return JSONResponse(answer, status, {"ETag": f'"{answer["version"]}"'})


def etag(if_match: str | None) -> int | None:
    """The version that an `If-Match` names; None where any will do."""
    if if_match is None or if_match.strip() == "*":
        return None
    text = if_match.strip().strip('"')
    return int(text) if text.isdecimal() and text.isascii() else -1  # a tag we never gave matches nothing


@router.get("/inbox")
def inbox(
    request: Request,
    caller: Anyone,
    author: Annotated[str | None, Query(max_length=200)] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """Suggestions that await a decision, oldest first; `next` is the cursor of the next page.

    One that speaks against a confirmed value has `reconfirm`, `due_at`, `overdue`, `contradicts`; the first page
    also has `retractions`: confirmed values that a newer note takes back without naming another. The reading is
    audited where it shows anything.
    """
    after = _cursor(cursor)
    with request.app.state.database.write() as connection:
        rows = suggestions.inbox(connection, caller.tenant, author=author, after=after, limit=limit + 1)
        open_again = [] if after else reconfirm.waiting(connection, caller.tenant, author=author)
        if shown := len(rows[:limit]) + len(open_again):
            audit.record(connection, caller.tenant, caller.name, "inbox.read", caller.tenant, {"shown": shown})
    more, rows = len(rows) > limit, rows[:limit]
    last = f"{rows[-1]['created_at']}|{rows[-1]['suggestion_id']}" if more else ""
    asked = {} if after else {"retractions": [r for r in open_again if r["suggestion_id"] is None]}
    return {"items": rows, **asked, "next": base64.urlsafe_b64encode(last.encode()).decode() if more else None}


def _cursor(cursor: str | None) -> tuple[datetime, str] | None:
    if not cursor:
        return None
    try:
        moment, _, name = base64.urlsafe_b64decode(cursor.encode()).decode().partition("|")
        return datetime.fromisoformat(moment), name
    except (ValueError, binascii.Error, UnicodeError):
        raise ServiceError(422, "request.cursor", "cursor 不对；用上一页给的 next") from None
