"""Kind `when`: first and last day, both included, and the clock time or part of the day."""

from __future__ import annotations

from datetime import date
from typing import cast

from extractor.kinds.base import Kind, Parsed, Words
from extractor.types import Json
from extractor.values.render import when_days
from extractor.values.types import When

_PARTS = {"am": "上午", "pm": "下午", "eve": "晚上"}
_WEEKDAYS = "一二三四五六日"


def _parse(words: Words) -> Parsed | None:
    found = words.found(("time",))
    if found is None:
        return None
    return Parsed(when_days(cast(When, found.value), words.sent_at), found.span)


def _day(text: str) -> str:
    return f"{text}（周{_WEEKDAYS[date.fromisoformat(text).weekday()]}）"


def _display(value: Json) -> str:
    days = cast(dict[str, str | None], value)
    start, end, time = days["start"], days["end"], days.get("time")
    if start and start == end:
        text = _day(start)
    elif start and end:
        text = f"{start} 至 {end}"
    else:
        text = f"{start} 起" if start else f"{end} 前"
    return f"{text} {_PARTS.get(time, time)}" if time else text


_DAY: dict[str, Json] = {"type": ["string", "null"], "format": "date"}
WHEN = Kind(
    "when",
    "date",
    _parse,
    _display,
    {
        "type": "object",
        "properties": {"start": _DAY, "end": _DAY, "time": {"type": ["string", "null"]}},
        "required": ["start", "end"],
    },
)
