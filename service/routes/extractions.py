"""`/v1/extractions`, decisions on them, and the inbox."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable
from contextvars import copy_context
from datetime import datetime
from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse
from sqlalchemy import Connection

from extractor.pipeline import Engine
from service.decide import Decision, Desk
from service.engine import traced_json
from service.engines import Engines
from service.problems import ServiceError
from service.routes.access import KEY_OPTIONAL, Anyone, Decider, Maybe
from service.schemas import BatchIn, DecisionsIn, ExtractionIn, ExtractionOut, NoteIn, one_note
from service.shadows import Shadows
from service.store import reconfirm, suggestions
from service.store.keys import Caller
from service.store.once import once
from service.store.scribe import Scribe
from service.telemetry import carried, span

router = APIRouter(prefix="/v1")
T = TypeVar("T")
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
    engine = _engine(request, caller, body.note)
    if not body.store:
        _open(request, caller)
        return await _read(request, lambda: JSONResponse(_trim(_answer(request, engine, body.note, explain), explain)))
    owner = _storing(caller)
    found = await _read(request, lambda: _answer(request, engine, body.note, explain))
    scribe: Scribe = request.app.state.scribe
    context, store = copy_context(), partial(_store, request, owner, body, (engine, found, explain, idempotency_key))
    return await asyncio.wrap_future(scribe.write(lambda connection: context.run(store, connection)))


async def _read(request: Request, work: Callable[[], T]) -> T:
    """Run the engine on one of as many threads as there are processors: more of them only get in each other's way."""
    return await asyncio.get_running_loop().run_in_executor(request.app.state.readers, carried(_in_span(work)))


def _in_span(work: Callable[[], T]) -> Callable[[], T]:
    def read() -> T:
        with span("extract"):
            return work()

    return read


def _store(
    request: Request,
    owner: Caller,
    body: ExtractionIn,
    read: tuple[Engine, dict[str, Any], bool, str | None],
    connection: Connection,
) -> JSONResponse:
    engine, found, explain, key = read

    def make() -> tuple[int, dict[str, Any]]:
        return 201, _trim(_keep(request, connection, owner, body.note, (engine, found)).answer, explain)

    with span("store"):
        status, kept = once(connection, owner.tenant, key, body.model_dump(), make)
    return JSONResponse(kept, status)


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


def _answer(request: Request, engine: Engine, note: NoteIn, explain: bool) -> dict[str, Any]:
    result = engine.extract(note.to_note())
    request.app.state.metrics.count(result)
    return traced_json(result, explain=explain)


def _trim(answer: dict[str, Any], explain: bool) -> dict[str, Any]:
    """Without what was dropped, unless the trace is asked for."""
    return answer if explain else {key: value for key, value in answer.items() if key != "dropped"}


def _keep(
    request: Request, connection: Any, caller: Caller, note: NoteIn, read: tuple[Engine, dict[str, Any]]
) -> suggestions.Kept:
    engine, answer = read
    kept = suggestions.keep(connection, caller, note.to_note(), answer, engine.contract)
    shadows: Shadows = request.app.state.shadows
    shadows.follow(connection, caller.tenant, kept.id, note.to_note())
    desk: Desk = request.app.state.desk
    return desk.by_policy(connection, caller, kept)


def _answers(request: Request, engine: Engine, notes: list[NoteIn], explain: bool) -> list[dict[str, Any]]:
    results = list(engine.extract_many([note.to_note() for note in notes]))
    for result in results:
        request.app.state.metrics.count(result)
    return [traced_json(result, explain=explain) for result in results]


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
    found = _answers(request, engine, good, explain)
    if owner is not None:
        with request.app.state.database.write() as connection:
            pairs = zip(good, found, strict=True)
            found = [_keep(request, connection, owner, note, (engine, answer)).answer for note, answer in pairs]
    answers = iter(_trim(answer, explain) for answer in found)
    return JSONResponse({"results": [next(answers) if isinstance(item, NoteIn) else item for item in items]})


@router.get("/extractions/{extraction}")
def read(request: Request, extraction: str, caller: Anyone) -> JSONResponse:
    """An extraction with the state of every suggestion; its `ETag` goes into `If-Match` of a decision."""
    with request.app.state.database.read() as connection:
        kept = suggestions.load(connection, caller.tenant, extraction)
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
    also has `retractions`: confirmed values that a newer note takes back without naming another.
    """
    after = _cursor(cursor)
    with request.app.state.database.read() as connection:
        rows = suggestions.inbox(connection, caller.tenant, author=author, after=after, limit=limit + 1)
        open_again = [] if after else reconfirm.waiting(connection, caller.tenant, author=author)
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
