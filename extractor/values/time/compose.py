"""Put dates together: one inside another, lists and ranges, and bounds (前, 后, 以内, 最晚, 从…起)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, cast

from extractor.values.time.calendar import (
    DAY,
    RANK,
    Cal,
    festival,
    monday_of,
    months,
    part_of,
    weeks,
    year_cal,
)
from extractor.values.time.lengths import Length
from extractor.values.tokens import Context, Rule, Token, rule

Tokens = Sequence[Token]


def _inside(tokens: Tokens, context: Context) -> Cal | None:
    """明年 + 六月, 下个月 + 15号, 今年 + 年底: the finer one read from the start of the coarser one."""
    outer, inner = cast(Cal, tokens[0].value), cast(Cal, tokens[-1].value)
    if outer.bound or inner.bound or inner.again is None or outer.start is None or outer.end is None:
        return None
    if RANK[outer.unit] <= RANK[inner.unit]:
        return _same_day(outer, inner)
    return _read_inside(outer, inner)


def _read_inside(outer: Cal, inner: Cal) -> Cal | None:
    if inner.again is None or outer.start is None or outer.end is None:
        return None
    made = inner.again(outer.start)
    if made.start is None or not outer.start <= made.start < outer.end:
        return None
    outer_again, inner_again = outer.again, inner.again
    if outer_again is None:
        return made._replace(again=None, name=inner.name)

    def again(anchor: datetime) -> Cal:
        return inner_again(cast(datetime, outer_again(anchor).start))

    return made._replace(again=again, name=inner.name)


def _same_day(outer: Cal, inner: Cal) -> Cal | None:
    """十月十号教师节: two names of one day."""
    if outer.unit != "day" or inner.unit != "day" or inner.again is None or outer.start is None:
        return None
    return outer if inner.again(outer.start).start == outer.start else None


def _nth_week(tokens: Tokens, context: Context) -> Cal | None:
    """十月的第一周: weeks counted from the first Monday."""
    outer = cast(Cal, tokens[0].value)
    number = tokens[-1].value
    if outer.start is None or outer.end is None or outer.bound:
        return None
    made = weeks(_first_monday(outer.start) + 7 * (number - 1) * DAY)
    return made if made.start is not None and number > 0 and made.start < outer.end else None


def _first_monday(moment: datetime) -> datetime:
    monday = monday_of(moment)
    return monday if monday == moment else monday + 7 * DAY


def _first_units(tokens: Tokens, context: Context) -> Cal | None:
    """去年的前10天, 2021年的前2周, 明年前三个月."""
    outer, length = cast(Cal, tokens[0].value), cast(Length, tokens[-1].value)
    unit, count = length.parts[0]
    if outer.start is None or outer.unit == "day" or count != int(count) or not 0 < count < 400:
        return None
    if unit == "week":
        return weeks(_first_monday(outer.start), int(count))
    if unit == "month":
        return months(outer.start.year, outer.start.month, int(count), "month")
    return Cal(outer.start, outer.start + int(count) * DAY, "day") if unit == "days" else None


def _range(tokens: Tokens, context: Context) -> Cal | None:
    """From one date to another; what the second leaves out it takes from the first."""
    first, last = (cast(Cal, t.value) for t in tokens if t.is_("cal"))
    return _span(first, last)


def _span(first: Cal, last: Cal) -> Cal | None:
    if first.start is None or first.bound or last.bound:
        return None
    if last.again:
        last = last.again(first.start)
    if last.end is None or last.start is None or last.start < first.start:
        return None
    end = last.start if last.clock and first.clock else last.end
    unit = last.unit if RANK[last.unit] < RANK[first.unit] else first.unit
    again = first.again
    made = Cal(first.start, end, unit, None, first.part, first.clock, first.approx or last.approx)
    return made._replace(again=lambda anchor: _span(again(anchor), last) or made) if again else made


def _either(tokens: Tokens, context: Context) -> Cal | None:
    """下周三或者周四, 八月底九月初: neighbours make one stretch."""
    first, last = (cast(Cal, t.value) for t in tokens if t.is_("cal"))
    if first.clock or last.clock or first.part or first.bound or last.bound or first.start is None:
        return None
    following = last.again(first.start) if last.again else last
    if following.start != first.end and last.again and first.end:
        last = following = last.again(first.end)  # 月底月初
    return _span(first, last) if following.start == first.end else None


def _before(tokens: Tokens, context: Context) -> Cal:
    """X前 (guidelines 4, ruling 12): days and months are included, festivals and years are not."""
    cal = next(cast(Cal, t.value) for t in tokens if t.is_("cal"))
    if cal.name:
        window = context.conventions.holidays[cal.name].before
        if window and cal.start:
            return _window(cal.start, window)
    exclusive = cal.name or cal.clock or cal.part or cal.unit == "year"
    return _until(cal, cal.start if exclusive else cal.end)


def _until(cal: Cal, end: datetime | None) -> Cal:
    return Cal(None, end, cal.unit, None, cal.part, cal.clock, cal.approx, bound=True)


def _window(base: datetime, days: tuple[int, int]) -> Cal:
    return Cal(base + days[0] * DAY, base + (days[1] + 1) * DAY, "day", bound=True)


def _after(tokens: Tokens, context: Context) -> Cal:
    """国庆后 is a window of days (guidelines 2); 五月以后 is open."""
    cal = next(cast(Cal, t.value) for t in tokens if t.is_("cal"))
    if cal.name and cal.start:
        return _window(cal.start, context.conventions.holidays[cal.name].after)
    return _from(cal)


def _from(cal: Cal) -> Cal:
    return Cal(cal.start, None, cal.unit, None, cal.part, cal.clock, cal.approx, bound=True)


def _onward(tokens: Tokens, context: Context) -> Cal | None:
    """从三月起 is open; 十月开始搬 is October, unless 从 or a year says otherwise."""
    cal = next(cast(Cal, t.value) for t in tokens if t.is_("cal"))
    if cal.bound:
        return cal
    starts = tokens[-1].is_("onward") and tokens[-1].value == 1 and len(tokens) == 2
    return None if starts and cal.unit != "year" else _from(cal)


def _inclusive(tokens: Tokens, context: Context) -> Cal:
    """X或之前, X及以后: X itself included."""
    cal = cast(Cal, tokens[0].value)
    return _until(cal, cal.end) if tokens[-1].value == "before" else _from(cal)


def _latest(tokens: Tokens, context: Context) -> Cal:
    """最晚五月底, 截止到6月: up to its end; a bare year up to its start."""
    cal = next(cast(Cal, t.value) for t in tokens if t.is_("cal"))
    if cal.bound and cal.start is None:
        return cal
    return _until(cal, cal.start if cal.clock or (cal.unit == "year" and tokens[0].is_("until")) else cal.end)


def _within(tokens: Tokens, context: Context) -> Cal:
    cal = cast(Cal, tokens[0].value)
    return _until(cal, cal.end)


def _earliest(tokens: Tokens, context: Context) -> Cal:
    """最快六月底: the day named, as an early guess; 不早于 is a lower bound."""
    cal = cast(Cal, tokens[1].value)
    return _from(cal) if tokens[0].value == 1 else cal._replace(approx=True)


def _around(tokens: Tokens, context: Context) -> Cal:
    return cast(Cal, tokens[0].value)._replace(approx=True)


def _same(tokens: Tokens, context: Context) -> Cal:
    return next(cast(Cal, t.value) for t in tokens if t.is_("cal"))


def _festive(tokens: Tokens, context: Context) -> Cal:
    """年前, 年后, 节后, 年内: words that name a stretch by the festival or period they leave out."""
    name, _, side = str(tokens[0].value).rpartition(" ")
    if side.endswith("_within"):
        return _until_period(side.removesuffix("_within"), context)
    if side.startswith("holiday_"):
        name, side = _next_feast(context), side.removeprefix("holiday_")
    cal = festival(name or "春节", context.conventions)(context.today)
    token = Token(tokens[0].kind, tokens[0].start, tokens[0].end, cal)
    named = [token._replace(kind=_CAL)]
    return _before(named, context) if side == "before" else _after(named, context)


def _until_period(unit: str, context: Context) -> Cal:
    now = context.now
    if unit == "week":
        cal = weeks(monday_of(now))
    elif unit == "month":
        cal = months(now.year, now.month, 1, "month")
    elif unit == "quarter":
        cal = months(now.year, (now.month - 1) // 3 * 3 + 1, 3, "quarter")
    else:
        cal = year_cal(now.year)
    return _until(cal, cal.end)


_FEASTS = ("元旦", "春节", "清明", "劳动节", "端午", "中秋", "国庆")


def _next_feast(context: Context) -> str:
    """节后: of the next long holiday to come."""
    ahead = [(festival(name, context.conventions)(context.today).start, name) for name in _FEASTS]
    return min((start, name) for start, name in ahead if start)[1]


def _after_feast(tokens: Tokens, context: Context) -> Cal | None:
    """年后初十: the date inside the stretch."""
    stretch, cal = cast(Cal, tokens[0].value), cast(Cal, tokens[1].value)
    if not stretch.bound or cal.again is None or stretch.start is None or stretch.end is None:
        return None
    made = cal.again(stretch.start - 7 * DAY)
    return made if made.start is not None and made.start < stretch.end else None


def part_of_quarter(tokens: Tokens, context: Context) -> Cal:
    return part_of(cast(Cal, tokens[0].value), cast(Literal["early"], tokens[1].value), context.conventions)


_CAL = rule("", "cal", "cal", _same, needs="cal").makes
COMPOSED: tuple[Rule, ...] = (
    rule("the day itself", "cal exact", "cal", _same, needs="exact"),
    rule("first units of a period", "cal de? before dur", "cal", _first_units, needs="before"),
    rule("week of a period", "cal de? nthweek", "cal", _nth_week, needs="nthweek"),
    rule("date inside a period", "cal de? cal", "cal", _inside, needs="cal"),
    rule("date inside two periods", "cal de? cal", "cal", _inside, needs="cal"),
    rule("part of a composed date", "cal part", "cal", part_of_quarter, needs="part"),
)
BOUNDED: tuple[Rule, ...] = (
    rule("between two dates", "from? cal (?: to | and ) cal between", "cal", _range, needs="between"),
    rule("from date to date", "from? cal to cal", "cal", _range, needs="to"),
    rule("one date or the next", "cal or? cal", "cal", _either, needs="cal"),
    rule("about a date", "cal around", "cal", _around, needs="around"),
    rule("up to and including", "cal inclusive", "cal", _inclusive, needs="inclusive"),
    rule("before a date", "(?: latest | until )? cal before", "cal", _before, needs="before"),
    rule("after a date", "cal after", "cal", _after, needs="after"),
    rule("from a date on", "from? cal onward", "cal", _onward, needs="onward"),
    rule("since a date", "from cal", "cal", _onward, needs="from"),
    rule("inside a period", "cal within", "cal", _within, needs="within"),
    rule("at the latest", "(?: latest | until ) cal until_end?", "cal", _latest, needs="cal"),
    rule("at the earliest", "earliest cal", "cal", _earliest, needs="earliest"),
    rule("until a date", "cal until_end", "cal", _same, needs="until_end"),
    rule("festive stretch", "festive", "cal", _festive, needs="festive"),
    rule("date after the feast", "cal cal", "cal", _after_feast, needs="cal"),
)
