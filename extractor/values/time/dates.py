"""Dates by name and number: years, quarters, months, weeks, days, festivals, lunar dates, and their parts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from extractor.values.reckon import Numeral
from extractor.values.time.calendar import (
    DAY,
    Again,
    Cal,
    date,
    day,
    festival,
    half_year,
    lunar,
    monday_of,
    month_day,
    month_days,
    months,
    named_month,
    named_quarter,
    open_cal,
    part_of,
    weekday,
    weeks,
    year_cal,
)
from extractor.values.tokens import Context, Rule, Token, rule

Tokens = Sequence[Token]


def bounds(number: Numeral) -> tuple[int, int]:
    """First and last of a whole number or a pair (七八); ValueError for anything else."""
    if number.high is None or number.low != int(number.low) or number.high != int(number.high) or number.big:
        raise ValueError(number)
    return int(number.low), int(number.high)


def _year(tokens: Tokens, context: Context) -> Cal | None:
    """2027年, 26年, 零八年; 5年 and 18年 far from now are lengths of time and left alone."""
    number: Numeral = tokens[0].value
    first, last = bounds(number)
    text = number.digits
    if number.low != number.high:
        return year_cal(first)._replace(end=year_cal(last).end) if first > 1900 else None
    if len(text) == 2:
        near = context.now.year % 100
        known = (
            text[0] == "0" or near - context.conventions.years_back <= first <= near + context.conventions.years_ahead
        )
        if not known and len(tokens) == 2:
            return None
        return year_cal(2000 + first if first < 70 else 1900 + first)
    return year_cal(first) if len(text) == 4 else None


def _rel_year(tokens: Tokens, context: Context) -> Cal:
    return year_cal(context.now.year + tokens[0].value)


def _fiscal(tokens: Tokens, context: Context) -> Cal:
    """财年: twelve months from the tenant's first fiscal month."""
    first = context.conventions.fiscal_year_start
    year = context.now.year - (context.now.month < first) + tokens[0].value
    return months(year, first, 12, "year")


def _month(tokens: Tokens, context: Context) -> Cal:
    return open_cal(named_month(*bounds(tokens[0].value)), context.today)


def _nth_month(tokens: Tokens, context: Context) -> Cal:
    return open_cal(named_month(*bounds(tokens[1].value)), context.today)


def _rel_month(tokens: Tokens, context: Context) -> Cal:
    return months(context.now.year, context.now.month + tokens[0].value, 1, "month")


def _month_day(tokens: Tokens, context: Context) -> Cal | None:
    """3月15日, 三月十五, 5月二十几号."""
    number: Numeral = tokens[2].value
    month, last = bounds(tokens[0].value)
    if month != last or number.big:
        return None
    if number.high is None:
        return _tens(month, number, context)
    if len(tokens) == 3 and ((number.arabic and not number.digits) or number.approx or number.low < 1):
        return None
    return open_cal(month_day(month, *bounds(number)), context.today)


def _tens(month: int, number: Numeral, context: Context) -> Cal | None:
    """十几号 is the middle of the month, 二十几号 its end."""
    part = {10: "mid", 20: "late"}.get(int(number.low))
    return part_of(open_cal(named_month(month, month), context.today), part, context.conventions) if part else None


def _day_of_rel_month(tokens: Tokens, context: Context) -> Cal | None:
    """本月三十, 下个月8: a day without 号 or 日."""
    number: Numeral = tokens[1].value
    first, last = bounds(number)
    if number.approx or (number.arabic and not number.digits):
        return None
    month = _rel_month(tokens, context)
    return _read(month_days(first, last), month)


def _read(again: Again, inside: Cal) -> Cal | None:
    made = again(inside.start) if inside.start else None
    return made if made and made.start and inside.end and made.start < inside.end else None


def _first_month_day(tokens: Tokens, context: Context) -> Cal | None:
    """元月二十."""
    return open_cal(month_day(1, *bounds(tokens[1].value)), context.today) if tokens[0].value == 1 else None


def _same_weekday(tokens: Tokens, context: Context) -> Cal | None:
    """5月3日周一: the date decides."""
    cal: Cal = tokens[0].value
    one_day = cal.unit == "day" and cal.start and cal.end == cal.start + DAY
    return cal if one_day and tokens[1].value <= 7 else None


def _nth_week(tokens: Tokens, context: Context) -> int:
    return bounds(tokens[1].value)[0]


def _dated(tokens: Tokens, context: Context) -> Cal:
    """Written dates: year, month and day, or two of them."""
    if tokens[0].value == 1:
        return open_cal(named_month(1, 1), context.today)
    year, month, number = tokens[0].value
    if year is None:
        return open_cal(month_day(month, number, number), context.today)
    if number is None:
        return months(year, _checked(month, 12), 1, "month")
    try:
        return day(date(year, month, number))
    except ValueError:
        return day(date(year, number, month))  # 10/31/2026


def _checked(value: int, most: int) -> int:
    if not 1 <= value <= most:
        raise ValueError(value)
    return value


def _day(tokens: Tokens, context: Context) -> Cal | None:
    number: Numeral = tokens[0].value
    if number.high is None:
        return _tens_of_now(number, context)
    return open_cal(month_days(*bounds(number)), context.today)


def _tens_of_now(number: Numeral, context: Context) -> Cal | None:
    part = {10: "mid", 20: "late"}.get(int(number.low))
    this = months(context.now.year, context.now.month, 1, "month")
    return part_of(this, part, context.conventions) if part else None


def _rel_day(tokens: Tokens, context: Context) -> Cal:
    return day(context.today + tokens[0].value * DAY)


def _quarter(tokens: Tokens, context: Context) -> Cal:
    value = next(t.value for t in tokens if not t.is_("nth"))
    number = value if isinstance(value, int) else bounds(value)[0]
    return open_cal(named_quarter(number), context.today)


def _rel_quarter(tokens: Tokens, context: Context) -> Cal:
    first = (context.now.month - 1) // 3 * 3 + 1
    return months(context.now.year, first + 3 * tokens[0].value, 3, "quarter")


def _half_year(tokens: Tokens, context: Context) -> Cal:
    return open_cal(half_year(tokens[0].value), context.today)


def _rel_half(tokens: Tokens, context: Context) -> Cal:
    """上半月 = 1st to 15th; 下半周 = Thursday to Sunday."""
    unit, half = tokens[0].value.split()
    if unit == "week":
        monday = monday_of(context.now)
        first, last = (0, 3) if half == "1" else (3, 7)
        return Cal(monday + first * DAY, monday + last * DAY, "day")
    month = months(context.now.year, context.now.month, 1, "month")
    middle = month.first + context.conventions.days_per_half_month * DAY
    return Cal(month.start, middle, "day") if half == "1" else Cal(middle, month.end, "day")


def _rel_week(tokens: Tokens, context: Context) -> Cal:
    return weeks(monday_of(context.now) + 7 * tokens[0].value * DAY)


def _rel_weekday(tokens: Tokens, context: Context) -> Cal:
    week, number = tokens[0].value
    monday = monday_of(context.now) + 7 * week * DAY
    if number == 8:
        return Cal(monday + 5 * DAY, monday + 7 * DAY, "day")
    return day(monday + (number - 1) * DAY)


def _weekday(tokens: Tokens, context: Context) -> Cal:
    number = tokens[0].value
    return open_cal(weekday(6, 7) if number == 8 else weekday(number), context.today)


def _weekdays(tokens: Tokens, context: Context) -> Cal | None:
    """周一到周三: one run of days."""
    first, last = tokens[0].value, tokens[2].value
    return open_cal(weekday(first, last), context.today) if first < last <= 7 else None


def _holiday(tokens: Tokens, context: Context) -> Cal:
    return open_cal(festival(tokens[0].value, context.conventions), context.today)


def _lunar(tokens: Tokens, context: Context) -> Cal | None:
    """正月初十, 腊月二十八; 初八 alone only around the Spring Festival."""
    if tokens[0].is_("lunarmonth"):
        last = tokens[-1].value
        number = last if isinstance(last, int) else bounds(last)[0]
        return open_cal(lunar(tokens[0].value, _checked(number, 30)), context.today)
    found = open_cal(lunar(1, tokens[0].value), context.today)
    return found if found.start and found.start - context.today < 60 * DAY else None


def _part(tokens: Tokens, context: Context) -> Cal:
    return part_of(tokens[0].value, tokens[1].value, context.conventions)


def _calendar_part(tokens: Tokens, context: Context) -> Cal:
    """月底, 年初, 季末: of the current month, year, quarter; readable again inside another (明年年底)."""
    unit, part = tokens[0].value.split()

    def again(anchor: datetime) -> Cal:
        return part_of(_current(unit, anchor), part, context.conventions)

    return open_cal(again, context.today)


def _current(unit: str, anchor: datetime) -> Cal:
    if unit == "week":
        return weeks(monday_of(anchor))
    if unit == "month":
        return months(anchor.year, anchor.month, 1, "month")
    if unit == "quarter":
        return months(anchor.year, (anchor.month - 1) // 3 * 3 + 1, 3, "quarter")
    return year_cal(anchor.year)


def _month_calendar_part(tokens: Tokens, context: Context) -> Cal | None:
    """6 + 月底 where the lexer read 月底 as one word."""
    unit, part = tokens[1].value.split()
    return part_of(_month(tokens, context), part, context.conventions) if unit == "month" else None


_NOT_COUNTED = (
    "(?! measure | ge | yuan | pct | currency | up | more | month | year | oclock | week | hour | minute | of_parts "
    "| days )"
)
DATES: tuple[Rule, ...] = (
    rule("week by number", "nth num ge? week", "nthweek", _nth_week, needs="nth"),
    rule("year", "num year", "cal", _year, needs="year"),
    rule("relative year", "relyear", "cal", _rel_year, needs="relyear"),
    rule("fiscal year", "fiscal", "cal", _fiscal, needs="fiscal"),
    rule("month and day", f"num month num (?: day (?! measure ) | {_NOT_COUNTED} )", "cal", _month_day, needs="month"),
    rule("month of a year", "nth num ge? month", "cal", _nth_month, needs="nth"),
    rule("month", "num month", "cal", _month, needs="month"),
    rule("day of relative month", f"relmonth num {_NOT_COUNTED} (?! day )", "cal", _day_of_rel_month, needs="relmonth"),
    rule("relative month", "relmonth", "cal", _rel_month, needs="relmonth"),
    rule("day of January", f"dated num {_NOT_COUNTED} (?! day )", "cal", _first_month_day, needs="dated"),
    rule("written date", "dated", "cal", _dated, needs="dated"),
    rule("day of a month", "num day (?! within | measure )", "cal", _day, needs="day"),
    rule("relative day", "relday", "cal", _rel_day, needs="relday"),
    rule("quarter", "nth? num quarter (?! once )", "cal", _quarter, needs="quarter"),
    rule("numbered quarter", "quarter_no", "cal", _quarter, needs="quarter_no"),
    rule("relative quarter", "relquarter", "cal", _rel_quarter, needs="relquarter"),
    rule("half a year", "halfyear", "cal", _half_year, needs="halfyear"),
    rule("half a month or week", "relhalf", "cal", _rel_half, needs="relhalf"),
    rule("relative week", "relweek", "cal", _rel_week, needs="relweek"),
    rule("weekday of a week", "relweekday", "cal", _rel_weekday, needs="relweekday"),
    rule("date and its weekday", "cal weekday", "cal", _same_weekday, needs="weekday"),
    rule("run of weekdays", "weekday to weekday", "cal", _weekdays, needs="to"),
    rule("weekday", "weekday", "cal", _weekday, needs="weekday"),
    rule("festival", "holiday", "cal", _holiday, needs="holiday"),
    rule("lunar date", "lunarmonth? lunarday", "cal", _lunar, needs="lunarday"),
    rule("lunar month and day", "lunarmonth num (?! measure | ge )", "cal", _lunar, needs="lunarmonth"),
    rule("part of a date", "cal part", "cal", _part, needs="part"),
    rule("month and part", "num calpart", "cal", _month_calendar_part, needs="calpart"),
    rule("part of the calendar", "calpart", "cal", _calendar_part, needs="calpart"),
)
