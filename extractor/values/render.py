"""Values as JSON: the form of `fieldnote values` and the day form that fields such as `next_visit` use."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from extractor.types import Json
from extractor.values.types import Amount, Duration, PhoneNumber, Recurrence, When

if TYPE_CHECKING:
    from extractor.values.types import Found

_TICK = timedelta(microseconds=1)


def found_json(found: Found) -> dict[str, Json]:
    """The interface's JSON of one expression. Times are wall-clock times in the zone of the reference."""
    return {
        "type": found.type,
        "text": found.text,
        "start": found.span.start,
        "end": found.span.end,
        "value": value_json(found),
    }


def value_json(found: Found) -> dict[str, Json]:
    """The value alone, in the shape that INTERFACES gives for its type."""
    value = found.value
    match value:
        case When():
            return {"start": _iso(value.start), "end": _iso(value.end), "grain": value.grain, "approx": value.approx}
        case Duration():
            return {
                "iso": value.iso,
                "seconds": number(value.min) if value.min == value.max else None,
                "min": number(value.min),
                "max": number(value.max),
            }
        case Recurrence():
            return {"rrule": value.rrule, "start": _iso(value.start)}
        case PhoneNumber():
            digits = (value.prefix or "") + value.digits
            return {"digits": digits, "extension": value.extension, "national": value.digits}
    return _amount_json(found.type, value)


def when_days(when: When, reference: datetime) -> dict[str, Json]:
    """First and last day, both included; None = open. "Before X" starts on the day of the reference (guidelines 2).

    `time` is the clock time "HH:MM", else the part of the day am/pm/eve, else None.
    """
    today = reference.date()
    last = (
        None
        if when.end is None
        else max(when.end - _TICK, when.start or datetime.min.replace(tzinfo=when.end.tzinfo)).date()
    )
    first = when.start.date() if when.start else None
    if first is None and (last is None or last >= today):
        first = today
    return {
        "start": first.isoformat() if first else None,
        "end": last.isoformat() if last else None,
        "time": when.clock or when.part,
    }


def number(value: float | None) -> Json:
    """13.0 → 13; 0.5 stays; None stays."""
    return int(value) if value is not None and value == int(value) else value


def _amount_json(kind: str, amount: Amount) -> dict[str, Json]:
    low, high = number(amount.min), number(amount.max)
    if kind in ("number", "percent"):
        if amount.stated is None:
            return {"min": low, "max": high}
        stated: dict[str, Json] = {"value": number(amount.stated)}
        return stated if low == high else {**stated, "min": low, "max": high}
    bounds: dict[str, Json] = {"min": low, "max": high}
    return {**bounds, "currency": amount.currency} if kind == "money" else {**bounds, "unit": amount.unit}


def _iso(moment: datetime | None) -> str | None:
    return moment.replace(tzinfo=None).isoformat() if moment else None
