"""Bots: WeCom's callback, and one JSON door for any other bot."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from extractor.types import Note
from service.channels import Bot, Reply
from service.problems import ServiceError
from service.routes.access import Decider
from service.schemas import MessageIn
from service.settings import Settings
from service.store import cards
from service.store.database import now
from service.store.keys import Caller, ensure_tenant
from service.wecom.api import WECOM, Api, SendError
from service.wecom.callback import answer, receive
from service.wecom.cards import EVENT, question, tapped
from service.wecom.crypto import Keys, Stamp, echo

Told = TypeVar("Told")
log = logging.getLogger("fieldnote.wecom")
router = APIRouter()
Part = Annotated[str, Query(max_length=4096)]


@router.post("/v1/channels/wechat/messages")
def message(request: Request, body: MessageIn, caller: Decider) -> JSONResponse:
    """What a bot forwards; the reply is what the bot should say. A repeat answers the same."""
    note = Note(body.message_id, body.text, body.sent_at, body.sender, body.customer, "wechat")
    rep = Caller(caller.tenant, f"wechat:{body.sender}", caller.scopes)
    made = _hear(request, rep, "wechat", body.message_id, note)
    return JSONResponse({"reply": made.text, "extraction_id": made.extraction})


@router.get("/wecom/callback", response_class=PlainTextResponse)
def verify(request: Request, msg_signature: Part, timestamp: Part, nonce: Part, echostr: Part) -> PlainTextResponse:
    """WeCom checks the URL: the decrypted echo, if the signature holds."""
    stamp = Stamp(msg_signature, timestamp, nonce)
    return PlainTextResponse(echo(_keys(request), stamp, echostr, now=now()))


@router.post("/wecom/callback", response_class=Response, responses={200: {"content": {"application/xml": {}}}})
async def callback(request: Request, msg_signature: Part, timestamp: Part, nonce: Part) -> Response:
    """A message of a rep: the fields that were read, as a passive reply; an empty answer where none is wanted."""
    from starlette.concurrency import run_in_threadpool

    keys, stamp = _keys(request), Stamp(msg_signature, timestamp, nonce)
    body = await request.body()
    return await run_in_threadpool(_callback, request, keys, stamp, body)


def _callback(request: Request, keys: Keys, stamp: Stamp, body: bytes) -> Response:
    came = receive(keys, stamp, body, now=now())
    settings: Settings = request.app.state.settings
    caller = Caller(settings.wecom_tenant, f"wecom:{came.from_user}", frozenset({"extract", "confirm"}))
    text = ""
    if came.kind == "text" and came.text.strip():
        note = Note(came.msg_id, came.text, came.sent_at, came.from_user, None, WECOM)
        made = _hear(request, caller, WECOM, came.msg_id, note)
        text = "" if made.extraction and _card_sent(request, caller, came.from_user, made) else made.text
    elif came.event == EVENT and (tap := tapped(came.key, came.task)):
        text = _once(request, caller, lambda bot, c: bot.tap(c, caller, WECOM, came.msg_id, came.from_user, tap))
    if not text:
        return Response(status_code=200)
    return Response(answer(keys, came, text, nonce=stamp.nonce, now=now()), media_type="application/xml")


def _card_sent(request: Request, caller: Caller, person: str, made: Reply) -> bool:
    """Whether a card with buttons went out instead of the text; where it cannot, the text is the answer."""
    api: Api | None = request.app.state.wecom
    if api is None or not request.app.state.settings.wecom_cards or not made.asked or not made.extraction:
        return False
    try:
        card = question(made.asked, extraction=made.extraction, link=made.link, customer=made.customer)
        code = api.send_card(person, card)
    except SendError as error:
        log.warning("no card was sent: %s", error.code)
        return False
    if code:
        with request.app.state.database.write() as connection:
            cards.remember(connection, caller.tenant, made.extraction, person, code)
    return True


def _hear(request: Request, caller: Caller, channel: str, name: str, note: Note) -> Reply:
    return _once(request, caller, lambda bot, connection: bot.hear(connection, caller, channel, name, note))


def _once(request: Request, caller: Caller, handle: Callable[[Bot, Connection], Told]) -> Told:
    """Handle in one transaction. Of two that handle the same message at once one fails, and then finds it answered."""
    try:
        return _handled(request, caller, handle)
    except IntegrityError:
        return _handled(request, caller, handle)


def _handled(request: Request, caller: Caller, handle: Callable[[Bot, Connection], Told]) -> Told:
    with request.app.state.database.write() as connection:
        ensure_tenant(connection, caller.tenant)
        return handle(request.app.state.bot, connection)


def _keys(request: Request) -> Keys:
    settings: Settings = request.app.state.settings
    token, key = settings.wecom_token.get_secret_value(), settings.wecom_aes_key.get_secret_value()
    if not (token and key):
        raise ServiceError(404, "wecom.off", "没有开通企业微信：设置 FIELDNOTE_WECOM_TOKEN 等四项")
    return Keys(token, key, settings.wecom_corp_id)
