"""Stretches of the calendar and how to make them: `Cal` is what every date expression becomes.

A `Cal` that leaves something open (六月, 15号, 周五, 春节) carries `again`: the same expression read from another
day on. So 明年 + 六月, 下个月 + 15号, 六月 + 第一周 and 3日 in 「3月1日到3日」 need no rules of their own.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from extractor.values.conventions import Conventions
from extractor.values.time.lunar import lunar_date, solar_term
from extractor.values.types import Grain

DAY = timedelta(days=1)
Unit = Literal["second", "minute", "hour", "day", "week", "month", "quarter", "half", "year"]
RANK: dict[str, int] = {
    "second": 0, "minute": 1, "hour": 2, "day": 3, "week": 4, "month": 5, "quarter": 6, "half": 7, "year": 8,
}  # fmt: skip
FIRST_YEAR, LAST_YEAR = 1900, 2150


class Cal(NamedTuple):
    """A stretch `[start, end)` of wall-clock time; None = open. `unit` is its size, `name` the festival it is."""

    start: datetime | None
    end: datetime | None
    unit: Unit
    again: Again | None = None
    part: Literal["am", "pm", "eve"] | None = None
    clock: str | None = None
    approx: bool = False
    name: str = ""
    bound: bool = False  # has an open or chosen bound: takes no part in composing

    @property
    def first(self) -> datetime:
        """The start of a stretch that has one. Raises ValueError for one open to the left."""
        if self.start is None:
            raise ValueError(self)
        return self.start

    @property
    def grain(self) -> Grain:
        return "quarter" if self.unit == "half" else self.unit


Again = Callable[[datetime], Cal]


def open_cal(again: Again, anchor: datetime) -> Cal:
    """The first reading from `anchor` on, able to be read again from elsewhere."""
    return again(anchor)._replace(again=again)


def day(moment: datetime) -> Cal:
    start = datetime(moment.year, moment.month, moment.day)
    return Cal(start, start + DAY, "day")


def date(year: int, month: int, number: int) -> datetime:
    """A day as a datetime; ValueError where it does not exist or lies out of reach."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(year)
    return datetime(year, month, number)


def month_start(year: int, month: int) -> datetime:
    """First day of a month; months over 12 or under 1 run into other years."""
    return date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)


def months(year: int, first: int, count: int, unit: Unit) -> Cal:
    """`count` whole months from month `first` of `year`."""
    return Cal(month_start(year, first), month_start(year, first + count), unit)


def weeks(monday: datetime, count: int = 1) -> Cal:
    return Cal(monday, monday + 7 * count * DAY, "week")


def monday_of(moment: datetime) -> datetime:
    return datetime(moment.year, moment.month, moment.day) - moment.weekday() * DAY


def year_cal(year: int) -> Cal:
    return months(year, 1, 12, "year")


def first_ending_after(anchor: datetime, make: Callable[[int], Cal]) -> Cal:
    """The yearly stretch (六月, 三季度) that holds `anchor` or is the next to come."""
    this = make(anchor.year)
    return this if this.end is not None and this.end > anchor else make(anchor.year + 1)


def named_month(first: int, last: int) -> Again:
    """六月, 七八月: this year's or, once over, next year's."""
    if not (1 <= first <= 12 and 1 <= last <= 12):
        raise ValueError(first)
    count = (last - first) % 12 + 1
    return lambda anchor: first_ending_after(anchor, lambda year: months(year, first, count, "month"))


def named_quarter(number: int) -> Again:
    if not 1 <= number <= 4:
        raise ValueError(number)
    return lambda anchor: first_ending_after(anchor, lambda year: months(year, 3 * number - 2, 3, "quarter"))


def half_year(number: int) -> Again:
    """上半年, 下半年: of the anchor's own year."""
    return lambda anchor: months(anchor.year, 6 * number - 5, 6, "half")


def month_day(month: int, first: int, last: int) -> Again:
    """3月15日 (or 15至20日): the first such day on or after the anchor; 29 February waits for its year."""
    if not (1 <= month <= 12 and 1 <= first <= last <= 31):
        raise ValueError(month)

    def again(anchor: datetime) -> Cal:
        for year in range(anchor.year, anchor.year + 9):
            if last <= calendar.monthrange(year, month)[1]:
                start, end = date(year, month, first), date(year, month, last) + DAY
                if end > anchor:
                    return Cal(start, end, "day")
        raise ValueError(f"{month}-{last}")

    return again


def month_days(first: int, last: int) -> Again:
    """15号: of this month or, once over, of the next month that has one."""
    if not 1 <= first <= last <= 31:
        raise ValueError(first)

    def again(anchor: datetime) -> Cal:
        for ahead in range(3):
            start = month_start(anchor.year, anchor.month + ahead)
            if last <= calendar.monthrange(start.year, start.month)[1]:
                cal = Cal(start + (first - 1) * DAY, start + last * DAY, "day")
                if cal.end is not None and cal.end > anchor:
                    return cal
        raise ValueError(first)

    return again


def weekday(first: int, last: int | None = None) -> Again:
    """周五: today or the next one to come (guidelines 2); 周末 = Saturday and Sunday of the anchor's week."""
    last = last or first

    def again(anchor: datetime) -> Cal:
        start = monday_of(anchor) + (first - 1) * DAY
        end = start + (last - first + 1) * DAY
        return Cal(start, end, "day") if end > anchor else Cal(start + 7 * DAY, end + 7 * DAY, "day")

    return again


def lunar(month: int, number: int) -> Again:
    """A lunar date: the first on or after the anchor."""

    def again(anchor: datetime) -> Cal:
        for year in range(anchor.year - 1, anchor.year + 2):
            found = lunar_date(year, month, number)
            if found + DAY > anchor:
                return day(found)
        raise ValueError(number)

    return again


def festival(name: str, conventions: Conventions) -> Again:
    """A festival: the first on or after the anchor (guidelines 2: 最近的、未来的)."""
    record = conventions.holidays[name]

    def of_year(year: int) -> datetime:
        if record.solar:
            return date(year, *record.solar)
        if record.lunar:
            return lunar_date(year, *record.lunar)
        if record.term:
            return solar_term(year, record.term)
        raise ValueError(name)

    def again(anchor: datetime) -> Cal:
        if record.from_:
            base, days = record.from_
            start = festival(base, conventions)(anchor - days * DAY).first
            return day(start + days * DAY)._replace(name=name)
        for year in range(anchor.year - 1, anchor.year + 2):
            start = of_year(year)
            if start + DAY > anchor:
                return day(start)._replace(name=name)
        raise ValueError(name)

    return again


def part_of(cal: Cal, part: str, conventions: Conventions) -> Cal:
    """月底, 年初, 季末, 六月中下旬: a part of a stretch by the tenant's table; months count days, others months."""
    table = conventions.parts.get(cal.unit)
    if table is None or part not in table or cal.start is None or cal.end is None:
        raise ValueError(part)
    first, last = table[part]
    if cal.unit == "month":
        end = min(cal.start + last * DAY, cal.end)
        made = Cal(cal.start + (first - 1) * DAY, cal.end if last >= 28 else end, "day")
    elif cal.unit == "week":
        made = Cal(cal.start + (first - 1) * DAY, cal.start + last * DAY, "day")
    else:
        made = months(cal.start.year, cal.start.month + first - 1, last - first + 1, "month")
    again = cal.again
    if again is None:
        return made
    return made._replace(again=lambda anchor: part_of(again(anchor), part, conventions))
