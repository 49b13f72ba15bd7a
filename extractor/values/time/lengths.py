"""Lengths of time (三个月, 两年半, 一个半小时) and what they are counted from: 三天后, 两周内, 5年前, 还有两个月."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from extractor.values.reckon import Numeral
from extractor.values.time.calendar import DAY, FIRST_YEAR, LAST_YEAR, Cal, Unit
from extractor.values.tokens import Context, Rule, Token, rule
from extractor.values.types import Duration

_SECONDS = {
    "year": 365 * 86400,
    "month": 30 * 86400,
    "week": 7 * 86400,
    "days": 86400,
    "hour": 3600,
    "minute": 60,
    "second": 1,
}
_ISO = {"year": "Y", "month": "M", "week": "W", "days": "D", "hour": "H", "minute": "M", "second": "S"}
_ORDER = tuple(_SECONDS)
_TIMES = ("hour", "minute", "second")


@dataclass(frozen=True, slots=True)
class Length:
    """Counts of units in one or more parts; `high` differs from `low` for 两三个月, and is None for 一年多."""

    parts: tuple[tuple[str, float], ...]
    high: tuple[tuple[str, float], ...] | None
    approx: bool = False

    @property
    def clockwise(self) -> bool:
        """Whether it counts hours, minutes or seconds."""
        return any(unit in _TIMES for unit, _ in self.parts)

    @property
    def unit(self) -> Unit:
        smallest = self.parts[-1][0]
        return "day" if smallest not in _TIMES else smallest  # type: ignore[return-value]


def _length(tokens: Sequence[Token], context: Context) -> Length | None:
    """三个月, 两年半, 一个半月, 一个多月, 3天, 两刻钟."""
    number: Numeral = tokens[0].value
    unit, half, more = "", 0.0, number.high is None
    for token in tokens[1:]:
        if token.is_("half"):
            half = 0.5
        elif token.is_("more"):
            more = more or token.value == 0
        elif not token.is_("ge"):
            unit, value = _unit(token)
            number = number._replace(low=number.low * value, high=None if number.high is None else number.high * value)
            half_value = value
    if number.low > 1e5 or not unit:
        return None
    low = _pieces(unit, number.low + half * half_value)
    if more:
        return Length(low, None, True)
    high = number.high if number.high is not None else number.low
    return Length(low, _pieces(unit, high + half * half_value), number.approx)


def _unit(token: Token) -> tuple[str, float]:
    for name in ("year", "month", "week", "hour", "minute", "second"):
        if token.is_(name):
            return name, 1.0
    if token.is_("quarter"):
        return "month", 3.0
    if token.is_("ke"):
        return "minute", 15.0
    if token.is_("oclock"):
        return "hour", 1.0
    return "days", float(token.value or 1)


def _pieces(unit: str, count: float) -> tuple[tuple[str, float], ...]:
    return ((unit, count),)


def _half(tokens: Sequence[Token], context: Context) -> Length:
    unit = tokens[0].value
    pieces = _pieces("month", 1.5) if unit == "quarter" else _pieces(unit, 0.5)
    return Length(pieces, pieces)


def _and_half(tokens: Sequence[Token], context: Context) -> Length | None:
    """两个半月, 三个半小时."""
    number, unit = tokens[0].value, tokens[2].value
    if number.whole is None or unit == "quarter":
        return None
    pieces = _pieces(unit, number.low + 0.5)
    return Length(pieces, pieces)


def _joined(tokens: Sequence[Token], context: Context) -> Length | None:
    """8天20小时, 一年又一个月."""
    first: Length = tokens[0].value
    last: Length = tokens[-1].value
    if first.high is None or last.high is None:
        return None
    falls = _ORDER.index(first.parts[-1][0]) < _ORDER.index(last.parts[0][0])
    if not falls and len(tokens) == 2:
        return None
    return Length(_merged(first.parts, last.parts), _merged(first.high, last.high), first.approx or last.approx)


def _merged(a: tuple[tuple[str, float], ...], b: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(a + b, key=lambda part: _ORDER.index(part[0])))


def _between(tokens: Sequence[Token], context: Context) -> Length | None:
    """三个月到半年."""
    first, last = tokens[0].value, tokens[2].value
    if last.high is None or seconds(first.parts) >= seconds(last.high):
        return None
    return Length(first.parts, last.high)


def seconds(parts: tuple[tuple[str, float], ...]) -> float:
    """Seconds, a month being 30 days and a year 365."""
    return sum(count * _SECONDS[unit] for unit, count in parts)


def duration(length: Length) -> Duration:
    """The public value of a length."""
    date = "".join(f"{_plain(count)}{_ISO[unit]}" for unit, count in length.parts if unit not in _TIMES)
    time = "".join(f"{_plain(count)}{_ISO[unit]}" for unit, count in length.parts if unit in _TIMES)
    high = None if length.high is None else seconds(length.high)
    return Duration(f"P{date}" + (f"T{time}" if time else ""), seconds(length.parts), high)


def _plain(number: float) -> str:
    return f"{number:.10g}"


def shifted(moment: datetime, parts: tuple[tuple[str, float], ...], sign: int, context: Context) -> datetime:
    """Moment ± a length. Months are 30 days (guidelines 2: 一个月后 = D+30), whole years the same date."""
    for unit, count in parts:
        if unit == "year":
            moment = _years(moment, sign * int(count))
            days = (count - int(count)) * 12 * context.conventions.days_per_month
            moment += timedelta(days=round(sign * days))
        elif unit == "month":
            moment += timedelta(days=round(sign * count * context.conventions.days_per_month))
        elif unit in ("week", "days"):
            moment += timedelta(days=round(sign * count * _SECONDS[unit] / 86400))
        else:
            moment += timedelta(seconds=sign * count * _SECONDS[unit])
    return moment


def _years(moment: datetime, years: int) -> datetime:
    year = moment.year + years
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(year)
    leap_day = moment.month == 2 and moment.day == 29
    return moment.replace(year=year, day=28) if leap_day else moment.replace(year=year)


def _away(length: Length, sign: int, context: Context) -> Cal:
    """The day (or minute) a length away from now; a span where the length is one (两三个月后)."""
    base = context.now if length.clockwise else context.today
    near = shifted(base, length.parts, sign, context)
    far = shifted(base, length.high, sign, context) if length.high else near
    first, last = min(near, far), max(near, far)
    step = timedelta(minutes=1) if length.clockwise else DAY
    clock = f"{near:%H:%M}" if length.clockwise else None
    return Cal(first, last + step, length.unit, clock=clock, approx=length.approx or length.high is None, bound=True)


def _after(tokens: Sequence[Token], context: Context) -> Cal:
    return _away(tokens[0].value, 1, context)


def _before(tokens: Sequence[Token], context: Context) -> Cal:
    return _away(tokens[0].value, -1, context)


def _within(tokens: Sequence[Token], context: Context) -> Cal:
    """三个月内 = today to D+90."""
    return _window(next(t.value for t in tokens if t.is_("dur")), 1, context)


def _last_n(tokens: Sequence[Token], context: Context) -> Cal:
    return _window(tokens[-1].value, -1, context)


def _window(length: Length, sign: int, context: Context) -> Cal:
    base = context.now if length.clockwise else context.today
    far = shifted(base, length.high or length.parts, sign, context)
    extra = timedelta(0) if length.clockwise else DAY
    first, last = (base, far + extra) if sign > 0 else (far, base)
    return Cal(first, last, length.unit, approx=length.approx, bound=True)


def _still(tokens: Sequence[Token], context: Context) -> Cal:
    """还有两个月 = the day 60 days from now; 还剩5分钟 = the five minutes to come."""
    length: Length = tokens[1].value
    if length.clockwise and tokens[0].value == 0:
        return _window(length, 1, context)
    return _away(length, 1, context)


def _rel_hour(tokens: Sequence[Token], context: Context) -> Cal:
    start = context.now + timedelta(hours=tokens[0].value)
    return Cal(start, start + timedelta(hours=1), "hour", bound=True)


_UNITS = "(?: year | week | days | hour | minute | second )"
LENGTHS: tuple[Rule, ...] = (
    rule("length and a half", "num ge halfdur", "dur", _and_half, needs="halfdur"),
    rule("length in units", f"num more? {_UNITS} (?: half | more )?", "dur", _length, needs="num"),
    rule("length with 个",
         "num more? ge (?: half | more )? (?: month | year | week | days | hour | minute | quarter ) half?",
         "dur", _length, needs="ge"),
    rule("days inside", "num day (?= within )", "dur", _length, needs="within"),
    rule("quarters of an hour", "num ke", "dur", _length, needs="ke"),
    rule("hours of a joined length", "(?<= dur ) num oclock", "dur", _length, needs="oclock"),
    rule("half a unit", "halfdur more?", "dur", _half, needs="halfdur"),
    rule("joined length", "dur plus? dur", "dur", _joined, needs="dur"),
    rule("joined length of three", "dur plus? dur", "dur", _joined, needs="dur"),
    rule("from a length to another", "dur to dur", "dur", _between, needs="to"),
)  # fmt: skip
OFFSETS: tuple[Rule, ...] = (
    rule("length from now on", "next_n de? dur within?", "cal", _within, needs="next_n"),
    rule("length until now", "last_n de? dur", "cal", _last_n, needs="last_n"),
    rule("what is left", "still dur", "cal", _still, needs="still"),
    rule("length from now", "dur after", "cal", _after, needs="after"),
    rule("length ago", "dur before", "cal", _before, needs="before"),
    rule("inside a length", "dur within", "cal", _within, needs="within"),
    rule("this or the next hour", "relhour", "cal", _rel_hour, needs="relhour"),
)
