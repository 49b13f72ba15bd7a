"""The conventions of ambiguous readings: data in `rules/time/`, one record a tenant may replace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from extractor.errors import ContractError
from extractor.values.tables import TABLES

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
PartName = Literal["early", "mid", "late", "midlate", "earlymid"]


@dataclass(frozen=True, slots=True)
class Daypart:
    """A part of the day: hours `[start, end)`, its short name, and the clock time it stands for (中午 = 12:00)."""

    start: int
    end: int
    part: Literal["am", "pm", "eve"]
    clock: str | None = None


@dataclass(frozen=True, slots=True)
class Holiday:
    """A festival: fixed solar or lunar month and day, or a number of days from another; day windows before and after.

    `before` None = everything before the day (guidelines 2: 五一前 = ..day-1); `after` in days from the day.
    """

    name: str
    solar: tuple[int, int] | None = None
    lunar: tuple[int, int] | None = None
    term: str | None = None
    from_: tuple[str, int] | None = None
    before: tuple[int, int] | None = None
    after: tuple[int, int] = (1, 14)


@dataclass(frozen=True, slots=True)
class Conventions:
    """How this tenant reads times. `parts` maps a unit and a part (early, mid, late, …) to its first and last piece."""

    fiscal_year_start: int
    parts: Mapping[str, Mapping[str, tuple[int, int]]]
    dayparts: Mapping[str, Daypart]
    holidays: Mapping[str, Holiday]
    bare_hours_pm: tuple[int, int]
    days_per_month: int
    days_per_half_month: int
    years_back: int
    years_ahead: int


@cache
def load_conventions(folder: Path = TABLES) -> Conventions:
    """The conventions in a folder (the shipped ones by default). Raises ContractError with file, key and cure."""
    data = _yaml(folder, "conventions.yaml")
    holidays = _yaml(folder, "holidays.yaml")
    try:
        return Conventions(
            fiscal_year_start=int(data["fiscal_year_start"]),
            parts={unit: {k: _two(v) for k, v in parts.items()} for unit, parts in data["parts"].items()},
            dayparts={k: Daypart(v["from"], v["to"], v["part"], v.get("clock")) for k, v in data["dayparts"].items()},
            holidays={name: _holiday(name, record) for name, record in holidays.items()},
            bare_hours_pm=_two(data["bare_hours_pm"]),
            days_per_month=int(data["days_per_month"]),
            days_per_half_month=int(data["days_per_half_month"]),
            years_back=int(data["two_digit_years"]["back"]),
            years_ahead=int(data["two_digit_years"]["ahead"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ContractError(
            str(folder / "conventions.yaml"), str(error), "对照随软件附带的 rules/time/ 补齐这一项"
        ) from error


def holiday_words(folder: Path = TABLES) -> dict[str, str]:
    """Every name of every holiday → its key."""
    holidays = _yaml(folder, "holidays.yaml")
    return {word: name for name, record in holidays.items() for word in (name, *record.get("words", ()))}


def _holiday(name: str, record: Mapping[str, Any]) -> Holiday:
    return Holiday(
        name,
        solar=_two(record["solar"]) if "solar" in record else None,
        lunar=_two(record["lunar"]) if "lunar" in record else None,
        term=record.get("term"),
        from_=(record["from"], int(record["days"])) if "from" in record else None,
        before=_two(record["before"]) if "before" in record else None,
        after=_two(record.get("after", (1, 14))),
    )


def _two(values: Any) -> tuple[int, int]:
    first, last = values
    return int(first), int(last)


@cache
def _yaml(folder: Path, name: str) -> Any:
    try:
        return yaml.load((folder / name).read_text(encoding="utf-8"), Loader=_LOADER)
    except (OSError, yaml.YAMLError) as error:
        raise ContractError(str(folder / name), "", f"读不出来：{error}") from error
