"""A bot's message: an answer to the list that was sent (「1,3」, 「改2 下周四」), or a note. The same for every bot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from extractor.types import Note
from service.decide import Action, Decision, Desk
from service.engine import traced_json
from service.engines import Engines
from service.problems import ServiceError
from service.shadows import Shadows
from service.store import channels, suggestions
from service.store.keys import Caller
from service.store.tables import decisions
from service.wecom import chat
from service.wecom.reply import page

DONE = {"confirm": "已确认", "correct": "已更正", "reject": "已否决", "undo": "已撤销"}
NO_REASON = "没有说明"
Fields = Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back to the chat, and the extraction it is about."""

    text: str
    extraction: str | None


@dataclass(frozen=True, slots=True)
class Bot:
    """The engine and the desk behind a chat."""

    engines: Engines
    desk: Desk
    shadows: Shadows

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
            made = self._decide(connection, caller, channel, last.extraction, _wanted(connection, said, fields))
        channels.remember(
            connection, caller.tenant, channel, message, sender, reply=made.text, extraction=made.extraction
        )
        return made

    def _extract(self, connection: Connection, caller: Caller, note: Note) -> Reply:
        engine = self.engines.pick(caller.tenant, note.author or note.id)
        result = engine.extract(note)
        kept = suggestions.keep(connection, caller, note, traced_json(result), engine.contract)
        self.shadows.follow(connection, caller.tenant, kept.id, note)
        kept = self.desk.by_policy(connection, caller, kept)
        return Reply(page(kept.answer["fields"], asks=[r.ask for r in result.refused]).text, kept.id)

    def _decide(
        self, connection: Connection, caller: Caller, channel: str, extraction: str, wanted: Sequence[Decision]
    ) -> Reply:
        if not wanted:
            return Reply("这几条都已经处理过了。", extraction)
        try:
            with connection.begin_nested():
                kept = self.desk.decide(connection, caller, extraction, wanted, channel=channel)
        except ServiceError as error:
            return Reply(error.detail, extraction)
        titles = {f["suggestion_id"]: f["title"] for f in kept.answer["fields"]}
        waiting = sum(f["state"] == "pending" for f in kept.answer["fields"])
        done = "、".join(titles[d.suggestion_id] for d in wanted)
        rest = f"，还有 {waiting} 条待确认" if waiting else ""
        return Reply(f"{DONE[wanted[0].action]}：{done}{rest}。", extraction)


def _wanted(connection: Connection, said: chat.Answer, fields: Fields) -> list[Decision]:
    """The decisions an answer means, on the numbered list of the last extraction."""

    def of(number: int, action: Action, **given: Any) -> Decision:
        return Decision(fields[number - 1]["suggestion_id"], action, **given)

    match said:
        case chat.ConfirmAll():
            return [Decision(f["suggestion_id"], "confirm") for f in fields if f["state"] == "pending"]
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
