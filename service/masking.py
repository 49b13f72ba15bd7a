"""Phone numbers are for those who may confirm: the one place that hides them from everybody else.

Every JSON answer to a key without the right passes through `Masking`; exports, which carry a mark over their bytes,
call `conceal` before it is made. Two kinds of answers are left as they are: those that only give back what the request
brought (`ECHOES`), and the notes that annotators are given to mark (`TASKS`), where the words are the work.
"""

from __future__ import annotations

import json
import re
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from extractor.values.lexer import half_width
from extractor.values.phone import find_phones
from service.store.keys import Caller

RIGHT = "confirm"
ECHOES = re.compile(r"/v1/extractions(/batch)?|/v1/fields/[^/]+/read")
TASKS = re.compile(r"/v1/annotation/.*")
HEAD, TAIL = 3, 4  # digits that stay
_DIGIT = re.compile(r"[\d零〇一二三四五六七八九幺]")
_ID = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{16,}(?![0-9A-Za-z])")  # digits inside an id or a digest are no phone


def hide(text: str) -> str:
    """The text with the middle of every phone number starred, as long as before: 138-0013-8000 → 138-****-8000."""
    ids = [m.span() for m in _ID.finditer(text)]
    letters = list(text)
    for found in find_phones(half_width(text), text):
        start, end = found.span.start, found.span.end
        if any(first <= start and end <= last for first, last in ids):
            continue
        digits = [place for place in range(start, end) if _DIGIT.match(text[place])]
        for place in digits[HEAD:-TAIL]:
            letters[place] = "*"
    return "".join(letters)


def conceal(value: Any) -> Any:
    """JSON with `hide` over every text in it; keys and numbers stay."""
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, dict):
        return {key: conceal(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [conceal(held) for held in value]
    return value


def sees_phones(caller: Caller) -> bool:
    """Whether the caller has the right."""
    return caller.may(RIGHT)


class Masking:
    """Hide phone numbers in JSON answers to callers without the right. Plain ASGI; others' answers pass untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _open(scope):
            await self.app(scope, receive, send)
            return
        await self.app(scope, receive, _Masked(scope, send))


class _Masked:
    """The answer; one to be masked is held back until it is whole."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send = scope, send
        self._start: Message | None = None
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and self._concerned(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._masked(self._start)

    def _concerned(self, start: Message) -> bool:
        caller = self._scope.get("state", {}).get("caller")
        kind = MutableHeaders(raw=list(start["headers"])).get("content-type", "")
        return caller is not None and not sees_phones(caller) and "json" in kind and "ndjson" not in kind

    async def _masked(self, start: Message) -> None:
        body = json.dumps(conceal(json.loads(self._body)), ensure_ascii=False).encode(
            "utf-8", "backslashreplace"
        )  # JSON's escape
        MutableHeaders(raw=start["headers"])["content-length"] = str(len(body))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def _open(scope: Scope) -> bool:
    path = scope["path"]
    return bool(TASKS.fullmatch(path) or (scope["method"] == "POST" and ECHOES.fullmatch(path)))
