"""A bot's message: an answer to what was asked („1」, 「改2 下周四」), or a note to extract. Same code for every bot."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from extractor.pipeline import Engine
from extractor.render import result_json
from extractor.types import Note
from service.decide import Decision, Desk
from service.problems import ServiceError
from service.store import channels, suggestions
from service.store.keys import Caller
from service.wecom import chat

ACTIONS = ("已确认", "已更正", "已否决", "已撤销")


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back to the chat."""

    text: str
    extraction: str | None


@dataclass(frozen=True, slots=True)
class Bot:
    """The engine and the desk behind a chat."""

    engine: Engine
    desk: Desk

    def hear(self, connection: Connection, caller: Caller, channel: str, message: str, note: Note) -> Reply:
        """Answer one message; the same message again gets the same answer and changes nothing."""
        before = channels.answered(connection, caller.tenant, channel, message)
        if before is not None:
            return Reply(before.reply, before.extraction)
        said = chat.parse(note.text)
        if isinstance(said, chat.Message):
            reply = self._extract(connection, caller, note)
        else:
            reply = self._decide(connection, caller, channel, note, said)
        sender = note.author or ""
        channels.remember(
            connection, caller.tenant, channel, message, sender, reply=reply.text, extraction=reply.extraction
        )
        return reply

    def _extract(self, connection: Connection, caller: Caller, note: Note) -> Reply:
        answer = result_json(self.engine.extract(note))
        kept = suggestions.keep(connection, caller, note, answer, self.engine.contract)
        return Reply(chat.reply(kept.answer["fields"]), kept.id)

    def _decide(self, connection: Connection, caller: Caller, channel: str, note: Note, said: chat.Answer) -> Reply:
        last = channels.last_extraction(connection, caller.tenant, channel, note.author or "")
        if last is None:
            return Reply("还没有待确认的内容；请先转发或写一条笔记", None)
        fields = suggestions.load(connection, caller.tenant, last.extraction).answer["fields"]
        wanted = chat.decisions(said, fields)
        if isinstance(wanted, str):
            return Reply(wanted, last.extraction)
        decisions = [
            Decision(w.suggestion_id, w.action, w.value, reason=w.reason) for w in wanted
        ]
        try:
            kept = self.desk.decide(connection, caller, last.extraction, decisions, channel=channel)
        except ServiceError as error:
            return Reply(error.detail, last.extraction)
        return Reply(chat.done(said, kept.answer["fields"]), last.extraction)
