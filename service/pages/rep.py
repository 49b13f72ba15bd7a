"""The rep's pages: what awaits me, and the card of one note."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from extractor.contract import Contract
from extractor.kinds import KINDS
from service.decide import STILL_HOLDS
from service.links import read_link
from service.pages.again import Again, again_of, questions
from service.pages.marks import Mark, pieces
from service.pages.render import NavLink, page
from service.pages.session import CARD_COOKIE, CardPage, RepPage, Visitor, remember
from service.problems import ServiceError
from service.store import suggestions, waiting
from service.store.database import now
from service.store.waiting import Answer, Place

NAV = (NavLink("/inbox", "rep.inbox", "confirm"),)
PAGE = 20  # notes on a page of the inbox
SURE = ((0.9, "rep.sure.very"), (0.75, "rep.sure.quite"), (0.5, "rep.sure.little"), (0.0, "rep.sure.not"))
REASONS = ("客户没说", "认错人了", "说的是别家", "已经过时", "值不对")
router = APIRouter()


@dataclass(frozen=True, slots=True)
class Row:
    """One suggestion as the card draws it; `shown` is the corrected value where there is one, `again` what it would
    replace where it speaks against a confirmed value."""

    data: Mapping[str, Any]
    shown: str
    sure: str
    answer: Answer | None
    again: Again | None


@router.get("/inbox")
def inbox(
    request: Request, visitor: RepPage, cursor: Annotated[str, Query(max_length=200)] = "", everyone: bool = False
) -> Response:
    """Notes that await a decision, oldest first, before them what must be looked at again, soonest due first; a manager
    may look at everybody's."""
    everyone = everyone and visitor.may("manage")
    author = None if everyone else visitor.name
    tenant = visitor.caller.tenant
    with request.app.state.database.read() as connection:
        found = waiting.waiting(connection, tenant, author, after=_place(cursor), limit=PAGE + 1)
        total = waiting.count(connection, tenant, author)
        again = [] if cursor else questions(connection, _contract(request, tenant), tenant, author)
    after = _cursor(found[PAGE - 1].place) if len(found) > PAGE else ""
    return page(
        request, "inbox.html", visitor, speak=("rep",), notes=found[:PAGE], total=total, after=after,
        everyone=everyone, later=bool(cursor), again=again, still_holds=STILL_HOLDS,
    )  # fmt: skip


@router.get("/c/{token}")
def by_link(request: Request, token: str) -> Response:
    """The signed link of a chat: opens the one card it is for."""
    link = read_link(token, request.app.state.settings.signing_key(), at=now())
    if link is None:
        raise ServiceError(403, "link.invalid", "这个链接过期了或不完整；请登录，或在聊天里再要一次")
    answer = RedirectResponse(f"/confirm/{link.extraction}", 303)
    remember(request, answer, token, name=CARD_COOKIE)
    return answer


@router.get("/confirm/{extraction}")
def card(request: Request, extraction: str, visitor: CardPage) -> Response:
    """The note with its evidence, and a row for every suggestion."""
    if visitor.only not in (None, extraction):
        raise ServiceError(403, "link.scope", "这个链接只能处理它那一张确认卡；其他请登录后再看")
    contract = _contract(request, visitor.caller.tenant)
    with request.app.state.database.read() as connection:
        kept = suggestions.load(connection, visitor.caller.tenant, extraction)
        taken_back = questions(connection, contract, visitor.caller.tenant, extraction=extraction)
        given = waiting.answers(connection, extraction)
        following = _next(connection, visitor, extraction)
    fields = kept.answer["fields"]
    rows = [_row(contract, field, given.get(field["suggestion_id"])) for field in fields]
    note = kept.answer["note"]
    marks = [Mark(w["start"], w["end"], f["field"], f["title"]) for f in fields for w in f["evidence"]]
    text = note["text"]
    return page(
        request, "card.html", visitor, speak=("rep",), note=note,
        pieces=None if text is None else pieces(text, marks), rows=rows, next=following,
        data=_for_script(contract, kept, visitor, following), taken_back_values=taken_back,
    )  # fmt: skip


def _contract(request: Request, tenant: str) -> Contract:
    contract: Contract = request.app.state.desk.contract_of(tenant)
    return contract


def _next(connection: Any, visitor: Visitor, extraction: str) -> str | None:
    if visitor.only:
        return None
    return waiting.next_of(connection, visitor.caller.tenant, visitor.name, extraction)


def _row(contract: Contract, data: Mapping[str, Any], answer: Answer | None) -> Row:
    field = contract.fields.get(data["field"])
    corrected = answer is not None and answer.action == "correct" and data["state"] == "corrected"
    shown = KINDS[field.kind].display(answer.value) if field and answer and corrected else data["display"]
    sure = next(word for least, word in SURE if data["confidence"] >= least)
    return Row(data, shown, sure, answer, again_of(contract, data) if data.get("reconfirm") else None)


def _for_script(contract: Contract, kept: suggestions.Kept, visitor: Visitor, following: str | None) -> dict[str, Any]:
    """What the card's module needs beyond the page itself: ids, states, and how each field is edited."""
    wanted = {f["field"] for f in kept.answer["fields"]} & contract.fields.keys()
    return {
        "extraction": kept.id,
        "who": f"{visitor.caller.tenant}/{visitor.name}",
        "sent_at": kept.answer["note"]["sent_at"],
        "next": following,
        "reasons": REASONS,
        "still_holds": STILL_HOLDS,
        "fields": {
            name: {
                "title": field.title, "control": KINDS[field.kind].control, "ask": field.capture.ask,
                "values": [{"value": v, "meaning": m} for v, m in field.values.items()],
            }
            for name, field in contract.fields.items() if name in wanted
        },
        "suggestions": [
            {k: f[k] for k in ("suggestion_id", "field", "value", "display", "state")} for f in kept.answer["fields"]
        ],
    }  # fmt: skip


def _cursor(place: Place) -> str:
    return base64.urlsafe_b64encode(f"{place[0].isoformat()}|{place[1]}".encode()).decode()


def _place(cursor: str) -> Place | None:
    if not cursor:
        return None
    try:
        moment, _, name = base64.urlsafe_b64decode(cursor.encode()).decode().partition("|")
        return datetime.fromisoformat(moment), name
    except (ValueError, binascii.Error, UnicodeError):
        raise ServiceError(422, "request.cursor", "这一页的地址不完整；请从收件箱第一页开始") from None
