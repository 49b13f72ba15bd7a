"""Kinds `money` (CNY yuan), `headcount` (people) and `quantity` (number and measure word)."""

from __future__ import annotations

from typing import cast

from extractor.kinds.base import Kind, Parsed, Words, whole
from extractor.types import Json
from extractor.values.types import Amount, ValueType

_NUMBER: dict[str, Json] = {"type": ["number", "null"], "minimum": 0}


def _range(words: Words, *types: ValueType) -> tuple[Amount, Parsed] | None:
    found = words.found(types)
    if found is None:
        return None
    amount = cast(Amount, found.value)
    return amount, Parsed({"min": whole(amount.min), "max": whole(amount.max)}, found.span)


def _money(words: Words) -> Parsed | None:
    found = _range(words, "money")
    return found[1] if found else None


def _headcount(words: Words) -> Parsed | None:
    found = _range(words, "quantity", "number")
    return found[1] if found else None


def _quantity(words: Words) -> Parsed | None:
    found = _range(words, "quantity")
    if found is None or not found[0].unit:
        return None
    return Parsed({**cast(dict[str, Json], found[1].value), "unit": found[0].unit}, found[1].span)


def _interval(low: float | None, high: float | None, show: str) -> str:
    if low is not None and low == high:
        return f"{_short(low)}{show}"
    if low is not None and high is not None:
        return f"{_short(low)}–{_short(high)}{show}"
    return f"{_short(low)}{show}以上" if low is not None else f"不超过{_short(high or 0)}{show}"


def _short(number: float) -> str:
    """800000 → 80万; 120000000 → 1.2亿; 350 → 350."""
    for size, unit in ((10**8, "亿"), (10**4, "万")):
        if number >= size:
            return f"{number / size:.6g}{unit}"
    return f"{number:.6g}"


def _show(unit: str | None) -> object:
    def display(value: Json) -> str:
        amount = cast(dict[str, float | None], value)
        return _interval(amount["min"], amount["max"], unit or str(amount.get("unit") or ""))

    return display


def _kind(name: str, control: str, unit: str | None, parse: object, extra: dict[str, Json]) -> Kind:
    schema: dict[str, Json] = {
        "type": "object",
        "properties": {"min": _NUMBER, "max": _NUMBER, **extra},
        "required": ["min", "max", *extra],
    }
    return Kind(name, control, parse, _show(unit), schema)  # type: ignore[arg-type]


MONEY = _kind("money", "amount", "元", _money, {})
HEADCOUNT = _kind("headcount", "number", "人", _headcount, {})
QUANTITY = _kind("quantity", "quantity", None, _quantity, {"unit": {"type": "string", "minLength": 1}})
