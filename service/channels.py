"""A bot's message: an answer to the list that was sent (「1,3」, 「改2 下周四」), or a note. The same for every bot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, select

from extractor.types import Note, Result
from service.decide import Action, Decision, Desk
from service.engine import traced_json
from service.engines import Engines
from service.links import Links
from service.problems import ServiceError
from service.shadows import Shadows
from service.store import cards, channels, keeping, suggestions
from service.store.database import now
from service.store.keys import Caller
from service.store.tables import decisions
from service.wecom import chat
from service.wecom.cards import SHOWN, Tap
from service.wecom.reply import Page, page

DONE = {"confirm": "已确认", "correct": "已更正", "reject": "已否决", "undo": "已撤销"}
NO_REASON = "没有说明"
ALL_HANDLED = "这几条都已经处理过了。"
NOT_YOURS = "这张卡不是发给您的，或已经没有了。"
CUSTOMER = "customer_name"  # the field that says whose a forwarded note is where the channel does not
Fields = Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back to the chat, and the extraction it is about; `asked` are the fields of a note just read."""

    text: str
    extraction: str | None
    asked: Fields = ()
    customer: str | None = None
    link: str = ""


@dataclass(frozen=True, slots=True)
class Bot:
    """The engines and the desk behind a chat, and the links that it sends."""

    engines: Engines
    desk: Desk
    shadows: Shadows
    links: Links

    def hear(self, connection: Connection, caller: Caller, channel: str, message: str, note: Note) -> Reply:
        """Answer one message; the same message again gets the same answer and changes nothing."""
        before = channels.answered(connection, caller.tenant, channel, message)
        if before is not None:
            return Reply(before.reply, before.extraction)
        sender = note.author or ""
        last = channels.last_extraction(connection, caller.tenant, channel, sender)
        fields: Fields = suggestions.load(connection, caller.tenant, last.extraction).answer["fields"] if last else ()
        said = chat.parse(note.text, len(fields))
        if isinstance(said, chat.Message):
            made = self._extract(connection, caller, note)
        elif isinstance(said, chat.Unclear):
            made = Reply(said.message, None)
        elif last is None:
            made = Reply("还没有可以撤销的回答。", None)
        else:
            link = self._link(caller, last.extraction)
            wanted = _wanted(connection, said, fields, _listed(fields, link))
            made = self._decide(connection, caller, channel, last.extraction, wanted)
        channels.remember(
            connection, caller.tenant, channel, message, sender, reply=made.text, extraction=made.extraction
        )
        return made

    def tap(self, connection: Connection, caller: Caller, channel: str, message: str, sender: str, tap: Tap) -> str:
        """What a card's buttons give way to, once the tap has done what it says. Only the note's author may tap.

        The numbers that the chat answers with keep meaning the latest list, whichever card is tapped.
        """
        before = channels.answered(connection, caller.tenant, channel, message)
        if before is not None:
            return str(before.reply)
        said = self._tapped(connection, caller, channel, sender, tap)
        channels.remember(connection, caller.tenant, channel, message, sender, reply=said, extraction=None)
        return said

    def _tapped(self, connection: Connection, caller: Caller, channel: str, sender: str, tap: Tap) -> str:
        try:
            answer = suggestions.load(connection, caller.tenant, tap.extraction).answer
        except ServiceError:
            return NOT_YOURS
        if answer["note"]["author"] != sender or answer["note"]["channel"] != channel:
            return NOT_YOURS
        cards.tapped(connection, tap.extraction)
        reason = "在卡片上点了「不对」" if tap.verdict == "reject" else None
        shown = [f for f in answer["fields"][:SHOWN] if f["state"] == "pending"]
        wanted = [Decision(f["suggestion_id"], tap.verdict, reason=reason) for f in shown]
        made = self._decide(connection, caller, channel, tap.extraction, wanted)
        count = f"{DONE[tap.verdict]} {len(wanted)} 项"
        return count if wanted and made.text.startswith(DONE[tap.verdict]) else made.text

    def _extract(self, connection: Connection, caller: Caller, note: Note) -> Reply:
        engine = self.engines.pick(caller.tenant, note.author or note.id)
        result = engine.extract(note)
        note = note if note.customer else replace(note, customer=_customer(result))
        kept = keeping.keep(connection, caller, note, traced_json(result), engine.contract)
        self.shadows.follow(connection, caller.tenant, kept.id, note)
        kept = self.desk.by_policy(connection, caller, kept)
        fields: Fields = kept.answer["fields"]
        link = self._link(caller, kept.id)
        text = page(fields, asks=[r.ask for r in result.refused], link=link, customer=note.customer).text
        return Reply(text, kept.id, fields, note.customer, link)

    def _decide(
        self, connection: Connection, caller: Caller, channel: str, extraction: str, wanted: Sequence[Decision]
    ) -> Reply:
        if not wanted:
            return Reply(ALL_HANDLED, extraction)
        try:
            with connection.begin_nested():
                kept = self.desk.decide(connection, caller, extraction, wanted, channel=channel)
        except ServiceError as error:
            return Reply(error.detail, extraction)
        fields: Fields = kept.answer["fields"]
        titles = {f["suggestion_id"]: f["title"] for f in fields}
        waiting = sum(f["state"] == "pending" for f in fields)
        done = "、".join(titles[d.suggestion_id] for d in wanted)
        text = f"{DONE[wanted[0].action]}：{done}" + (f"，还有 {waiting} 条待确认。" if waiting else "。")
        link = self._link(caller, extraction)
        if waiting and page(fields, link=link).shown < len(fields):
            text = _pending(fields, link).text  # a list too long for one message goes on where it stopped
        return Reply(text, extraction)

    def _link(self, caller: Caller, extraction: str) -> str:
        return self.links.card(caller.tenant, caller.name, extraction, at=now())


def _customer(result: Result) -> str | None:
    """Whose note it is by its own words: the one customer it surely names."""
    named = {str(e.value) for e in result.fields if e.field == CUSTOMER and e.certain}
    return named.pop() if len(named) == 1 else None


def _pending(fields: Fields, link: str) -> Page:
    waiting = [(n, f) for n, f in enumerate(fields, 1) if f["state"] == "pending"]
    return page([f for _, f in waiting], numbers=[n for n, _ in waiting], link=link)


def _listed(fields: Fields, link: str) -> Fields:
    """The pending fields that the rep has seen: 「1」 confirms no other."""
    waiting = [f for f in fields if f["state"] == "pending"]
    return waiting[: _pending(fields, link).shown] if waiting else ()


def _wanted(connection: Connection, said: chat.Answer, fields: Fields, listed: Fields) -> list[Decision]:
    """The decisions an answer means, on the numbered list of the last extraction."""

    def of(number: int, action: Action, **given: Any) -> Decision:
        return Decision(fields[number - 1]["suggestion_id"], action, **given)

    match said:
        case chat.ConfirmAll():
            return [Decision(f["suggestion_id"], "confirm") for f in listed]
        case chat.RejectAll():
            return [Decision(f["suggestion_id"], "reject", reason=NO_REASON) for f in listed]
        case chat.Confirm(numbers):
            return [of(n, "confirm") for n in numbers]
        case chat.Correct(number, words):
            return [of(number, "correct", value=words)]
        case chat.Reject(number, reason):
            return [of(number, "reject", reason=reason or NO_REASON)]
        case _:
            return _last_answer(connection, fields)


def _last_answer(connection: Connection, fields: Fields) -> list[Decision]:
    """Undo what the latest answer decided; its decisions share one moment."""
    ids = [f["suggestion_id"] for f in fields if f["state"] in ("confirmed", "corrected", "rejected")]
    rows = connection.execute(select(decisions).where(decisions.c.suggestion.in_(ids))).all()
    latest = max((r.at for r in rows if r.action != "undo"), default=None)
    undone = dict.fromkeys(r.suggestion for r in rows if r.at == latest and r.action != "undo")
    return [Decision(suggestion, "undo") for suggestion in undone]
