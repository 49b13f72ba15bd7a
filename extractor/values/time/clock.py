"""Clock times and parts of the day: 下午三点半, 9:30, 今晚8点, 上午10点到12点, 晚上."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from extractor.values.conventions import Daypart
from extractor.values.time.calendar import DAY, Cal, Unit, day
from extractor.values.time.dates import bounds
from extractor.values.tokens import Context, Rule, Token, rule

_SAID = {"am": "forenoon", "pm": "afternoon"}
_NOT_A_CLOCK = "要建意需问原希体补注说是小：:，"  # 提了两点要求, 有三点：
Clock = tuple[int, int, "int | None"]


@dataclass(frozen=True, slots=True)
class Tod:
    """A time of day in seconds from midnight (over 24 h: the next morning). `end` None = a point."""

    start: int
    end: int | None
    unit: Unit
    part: Literal["am", "pm", "eve"] | None
    clock: str | None
    offset: int | None = None  # days from today, where said (今晚)
    bare: bool = False  # no part of the day was said
    risky: bool = False  # 三点 alone: may count points, not hours


def _spoken(tokens: Sequence[Token], context: Context) -> tuple[Clock, Clock] | None:
    """三点, 三点半, 三点一刻, 15时20分, 五到六点."""
    first, last = bounds(tokens[0].value)
    minute = 0
    for token in tokens[2:]:
        if token.is_("half"):
            minute = 30
        elif token.is_("num"):
            minute = bounds(token.value)[0]
            if token is tokens[-1] and minute < 10 and not token.value.digits.startswith("0"):
                return None  # 下午两点二楼见
        elif token.is_("ke"):
            minute *= 15
    if last > 24 or minute > 59 or tokens[0].value.digits.startswith("00"):
        return None
    return (first, minute, None), (last, minute, None)


def _hour_only(tokens: Sequence[Token], context: Context) -> Clock | None:
    """3pm. The am or pm decides at once."""
    hour = bounds(tokens[0].value)[0]
    if not 1 <= hour <= 12:
        return None
    return hour % 12 + (12 if tokens[1].value == "pm" else 0), 0, None


def _time_of_day(tokens: Sequence[Token], context: Context) -> Tod | None:
    """One time of day from an optional part of the day, an optional clock time and am/pm."""
    name, offset, clock = None, None, None
    for token in tokens:
        if token.is_("daypart"):
            name = token.value
        elif token.is_("daynight"):
            days, name = token.value.split()
            offset = int(days)
        elif token.is_("ampm"):
            name = _SAID[token.value]
        elif token.is_("clock"):
            clock = token.value
    if clock is None:
        return _whole_part(context.conventions.dayparts[name or ""], offset)
    first, last = (clock, clock) if isinstance(clock[0], int) else clock
    start = _seconds(first, name, context)
    tod = Tod(start, None, _unit(first), _part(start), _show(start), offset, bare=name is None, risky=name is None)
    if first == last:
        return tod
    return replace(tod, end=_after(_seconds(last, name, context), start))


def _whole_part(part: Daypart, offset: int | None) -> Tod:
    return Tod(part.start * 3600, part.end * 3600, "hour", part.part, part.clock, offset)


def _seconds(clock: Clock, name: str | None, context: Context) -> int:
    """Seconds from midnight; 1–11 o'clock by the part of the day, alone by the tenant's convention."""
    hour = _hour(clock[0], name, context)
    return hour * 3600 + clock[1] * 60 + (clock[2] or 0)


def _hour(hour: int, name: str | None, context: Context) -> int:
    if hour > 12 or hour == 0:
        return hour
    first, last = context.conventions.bare_hours_pm
    match name:
        case None:
            return hour + 12 if first <= hour <= last else hour
        case "afternoon" | "dusk":
            return hour if hour == 12 else hour + 12
        case "evening" | "night":
            return hour + 24 if hour < 5 else hour + 12
        case "noon":
            return hour + 12 if hour < 5 else hour
        case "dawn":
            return 0 if hour == 12 else hour
    return hour


def _part(seconds: int) -> Literal["am", "pm", "eve"]:
    hour = seconds // 3600 % 24
    return "am" if hour < 12 else "pm" if hour < 18 else "eve"


def _unit(clock: Clock) -> Unit:
    return "second" if clock[2] is not None else "minute" if clock[1] else "hour"


def _show(seconds: int) -> str:
    return f"{seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}"


def _after(end: int, start: int) -> int:
    """An end before its start is twelve hours later (下午5点到6点, 10点到2点)."""
    if end <= start and end + 12 * 3600 > start and end < 13 * 3600:
        return end + 12 * 3600
    return end


def _tod_range(tokens: Sequence[Token], context: Context) -> Tod | None:
    """上午10点到12点, 下午5:00到6:00, 17:55-18:33."""
    first, last = (t.value for t in tokens if t.is_("tod"))
    if first.clock is None or last.clock is None:
        return None
    end = last.start
    if last.bare and not first.bare:
        end = end % (12 * 3600) + (first.start // (12 * 3600)) * 12 * 3600
        end = end if end > first.start else end + 12 * 3600
    end = _after(end, first.start)
    return replace(first, end=end, risky=False) if end > first.start else None


def on_day(cal: Cal, tod: Tod) -> Cal:
    """A time of day put on a date."""
    if cal.start is None or cal.unit != "day":
        raise ValueError(cal)
    start = cal.start + timedelta(seconds=tod.start)
    end = cal.start + timedelta(seconds=tod.end) if tod.end is not None else start + _LENGTH[tod.unit]
    again = cal.again
    made = Cal(start, end, tod.unit, None, tod.part, tod.clock, cal.approx, bound=bool(tod.clock and tod.end))
    return made._replace(again=lambda anchor: on_day(again(anchor), tod)) if again else made


_LENGTH: dict[str, timedelta] = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
}


def _on_day(tokens: Sequence[Token], context: Context) -> Cal:
    return on_day(tokens[0].value, tokens[-1].value)


def _alone(tokens: Sequence[Token], context: Context) -> Cal | None:
    """A time of day without a date: today's (or the day it names: 今晚, 明早)."""
    tod: Tod = tokens[0].value
    if tod.risky and tod.unit == "hour" and context.text[tokens[0].end : tokens[0].end + 1] in _NOT_A_CLOCK:
        following = context.text[tokens[0].end : tokens[0].end + 1]
        if following:
            return None
    return on_day(day(context.today + (tod.offset or 0) * DAY), tod)


_HOUR = "(?<! days ) num oclock"
CLOCKS: tuple[Rule, ...] = (
    rule("spoken clock time", f"{_HOUR} (?: half | num ke | num (?: minute | fen ) )",
         "clock", _spoken, needs="oclock"),
    rule("spoken clock time, minutes bare", f"{_HOUR} num (?! measure | ge | yuan | month | year | day | week )",
         "clock", _spoken, needs="oclock"),
    rule("spoken hour", _HOUR, "clock", _spoken, needs="oclock"),
    rule("hour with am or pm", "num ampm", "clock", _hour_only, needs="ampm"),
    rule("clock time", "(?: daypart | daynight )? clock ampm?", "tod", _time_of_day, needs="clock"),
    rule("part of the day", "daypart | daynight", "tod", _time_of_day, needs="daypart"),
    rule("part of a day", "daynight", "tod", _time_of_day, needs="daynight"),
    rule("am or pm", "ampm", "tod", _time_of_day, needs="ampm"),
    rule("run of hours", "tod to tod", "tod", _tod_range, needs="to"),
    rule("run of hours between", "tod and tod between", "tod", _tod_range, needs="between"),
)  # fmt: skip
ON_DAYS: tuple[Rule, ...] = (
    rule("time on a date", "cal de? tod", "cal", _on_day, needs="tod"),
    rule("time of day alone", "tod", "cal", _alone, needs="tod"),
)
