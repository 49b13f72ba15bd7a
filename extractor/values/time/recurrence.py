"""What comes back: 每年11月, 每周三下午, 每两周, 一年两次, 按季度. Values are RFC 5545 rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from extractor.values.time.calendar import Cal
from extractor.values.time.clock import Tod
from extractor.values.time.dates import bounds
from extractor.values.time.lengths import Length
from extractor.values.tokens import Context, Rule, Token, rule

_PERIODS = {
    "year": ("YEARLY", 1), "half": ("MONTHLY", 6), "quarter": ("MONTHLY", 3), "month": ("MONTHLY", 1),
    "week": ("WEEKLY", 1), "day": ("DAILY", 1), "days": ("DAILY", 1), "hour": ("HOURLY", 1),
    "minute": ("MINUTELY", 1), "second": ("SECONDLY", 1),
}  # fmt: skip
_BYDAY = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_TIMES_WORDS = frozenset("次回趟批轮遍")


@dataclass(frozen=True, slots=True)
class Cycle:
    """A recurrence rule in the making. `start` is the next occurrence where days are named."""

    freq: str
    interval: int
    by: tuple[tuple[str, tuple[str, ...]], ...] = ()
    start: datetime | None = None

    @property
    def rrule(self) -> str:
        parts = [f"FREQ={self.freq}", *([f"INTERVAL={self.interval}"] if self.interval > 1 else [])]
        return ";".join([*parts, *(f"{name}={','.join(values)}" for name, values in self.by)])


def _every(tokens: Sequence[Token], context: Context) -> Cycle | None:
    """每年3月和9月, 每周三下午三点, 每月15号, 每两周."""
    period = tokens[0].value
    cals = [t.value for t in tokens if t.is_("cal")]
    tods = [t.value for t in tokens if t.is_("tod")]
    if period == "any":
        period = _period_of(cals, tods)
    if period is None or period not in _PERIODS:
        return None
    freq, interval = _PERIODS[period]
    by = _by(period, cals) + _by_clock(tods)
    starts = [c.start for c in cals if c.start]
    return Cycle(freq, interval, by, min(starts) if starts else None)


def _every_weekday(tokens: Sequence[Token], context: Context) -> Cycle | None:
    """每周 + 三: the lexer takes 每周 as one word."""
    if tokens[0].value != "week":
        return None
    number = 7 if tokens[1].is_("day") else bounds(tokens[1].value)[0]
    if number not in range(1, 8):
        return None
    tods = [t.value for t in tokens if t.is_("tod")]
    return Cycle("WEEKLY", 1, (("BYDAY", (_BYDAY[int(number) - 1],)), *_by_clock(tods)))


def _period_of(cals: list[Cal], tods: list[Tod]) -> str | None:
    """每逢周三 is weekly, 每15号 monthly, 每晚 daily."""
    if cals:
        first = cals[0]
        if first.again is None or first.start is None:
            return None
        if first.unit == "day":
            soon = first.again(first.end or first.start).start
            days = (soon - first.start).days if soon else 0
            return "week" if days == 7 else "month" if days <= 31 else "year"
        return "year"
    return "day" if tods else None


def _by(period: str, cals: list[Cal]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    starts = [c.start for c in cals if c.start]
    if not starts:
        return ()
    if period == "week":
        return (("BYDAY", tuple(_BYDAY[s.weekday()] for s in starts)),)
    months = ("BYMONTH", tuple(str(m) for m in sorted({s.month for s in starts})))
    if period == "year" and all(c.unit != "day" for c in cals):
        return (months,)
    days = ("BYMONTHDAY", tuple(str(d) for d in sorted({s.day for s in starts})))
    return (months, days) if period == "year" else (days,) if period == "month" else ()


def _by_clock(tods: list[Tod]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not tods or tods[0].clock is None:
        return ()
    hour, minute = tods[0].clock.split(":")
    by = (("BYHOUR", (str(int(hour)),)),)
    return (*by, ("BYMINUTE", (str(int(minute)),))) if minute != "00" else by


def _every_length(tokens: Sequence[Token], context: Context) -> Cycle | None:
    """每两周, 每隔三天, 三个月一次."""
    return _of_length(next(t.value for t in tokens if t.is_("dur")), 1)


def _of_length(length: Length, times: int) -> Cycle | None:
    if len(length.parts) != 1 or length.high != length.parts:
        return None
    unit, count = length.parts[0]
    if unit == "year" and count * 12 % times == 0 and (times > 1 or count != int(count)):
        unit, count = "month", count * 12
    freq, interval = _PERIODS[unit]
    whole = count * interval / times
    return Cycle(freq, int(whole)) if whole == int(whole) and whole >= 1 else None


def _times_a_length(tokens: Sequence[Token], context: Context) -> Cycle | None:
    """一年两次 comes every six months."""
    number, measure = tokens[1].value, tokens[2].value
    return _of_length(tokens[0].value, bounds(number)[0]) if measure in _TIMES_WORDS else None


def _quarterly(tokens: Sequence[Token], context: Context) -> Cycle:
    return Cycle("MONTHLY", 3 * bounds(tokens[0].value)[0])


RECURRENCES: tuple[Rule, ...] = (
    rule("every so often", "every dur", "recur", _every_length, needs="every"),
    rule(
        "every weekday",
        "every (?: num (?! measure | ge | more | days | hour | oclock ) | day ) (?: tod )?",
        "recur",
        _every_weekday,
        needs="every",
    ),
    rule("every period", "every (?: (?: or | and | de | to )? (?: cal | tod ) ){0,8}", "recur", _every, needs="every"),
    rule("once a length", "dur once", "recur", _every_length, needs="once"),
    rule("once a quarter", "num quarter once", "recur", _quarterly, needs="once"),
    rule("times a length", "dur num measure", "recur", _times_a_length, needs="dur"),
)
