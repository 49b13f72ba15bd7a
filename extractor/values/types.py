"""What the value finder returns: one record per expression, with its exact place in the raw text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from extractor.types import Json, Span

ValueType = Literal["time", "duration", "recurrence", "number", "percent", "money", "quantity", "phone"]
Grain = Literal["second", "minute", "hour", "day", "week", "month", "quarter", "year"]


@dataclass(frozen=True, slots=True)
class When:
    """A stretch of time, end exclusive; None = open. `part` is am/pm/eve, `clock` is HH:MM where a clock time was said.

    `approx` marks an ambiguous or rounded reading. A bound "before X" with no lower bound has `start` None;
    "after X" has `end` None.
    """

    start: datetime | None
    end: datetime | None
    grain: Grain
    approx: bool = False
    part: Literal["am", "pm", "eve"] | None = None
    clock: str | None = None


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time: ISO 8601, and seconds (month = 30 days, year = 365 days) as a range."""

    iso: str
    min: float | None
    max: float | None


@dataclass(frozen=True, slots=True)
class Recurrence:
    """An RFC 5545 rule, without the `RRULE:` prefix. `start` is the next occurrence at or after the reference."""

    rrule: str
    start: datetime | None = None


@dataclass(frozen=True, slots=True)
class Amount:
    """A number or a range; None = open on that side. `unit` is the measure word, `currency` an ISO 4217 code.

    Percentages are fractions (0.3 for 30%). `approx` marks 左右/上下/来 and the like. `stated` is the one figure
    that was said (四百多 → 400, with `min` 400 and `max` open); None for a range of two figures.
    """

    min: float | None
    max: float | None
    unit: str | None = None
    currency: str | None = None
    approx: bool = False
    stated: float | None = None


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """National digits only, area code kept; extension and country prefix (86, 0086) apart."""

    digits: str
    extension: str | None = None
    prefix: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One expression the finder recognised. `text == note_text[span.start:span.end]`, always."""

    type: ValueType
    span: Span
    text: str
    value: When | Duration | Recurrence | Amount | PhoneNumber

    def to_json(self) -> dict[str, Json]:
        """The interface's JSON for this value (`fieldnote values`)."""
        from extractor.values.render import found_json

        return found_json(self)
