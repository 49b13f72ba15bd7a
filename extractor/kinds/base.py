"""The record of a kind, and the words it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from extractor.types import Json, Span
from extractor.values.types import Found, ValueType


@dataclass(frozen=True, slots=True)
class Words:
    """The evidence of one candidate: raw text and span, the enum hint, the note's values, the reference time."""

    text: str
    span: Span
    hint: str | None
    values: Sequence[Found]
    sent_at: datetime
    lexicons: Mapping[str, Sequence[str]]

    @property
    def evidence(self) -> str:
        return self.text[self.span.start : self.span.end]

    def found(self, types: Iterable[ValueType]) -> Found | None:
        """The value of one of these types that overlaps the evidence most (earlier first on a tie)."""
        wanted = set(types)
        inside = [f for f in self.values if f.type in wanted and f.span.overlaps(self.span)]
        return max(inside, key=lambda f: _shared(f.span, self.span), default=None)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A canonical value and the evidence it really rests on."""

    value: Json
    span: Span


@dataclass(frozen=True, slots=True)
class Kind:
    """`parse` gives None where the words hold no such value. `control` names the form control that edits it."""

    name: str
    control: str
    parse: Callable[[Words], Parsed | None]
    display: Callable[[Json], str]
    schema: dict[str, Json]


def _shared(a: Span, b: Span) -> int:
    return min(a.end, b.end) - max(a.start, b.start)


def whole(number: float | None) -> Json:
    """13.0 → 13; 0.5 stays; None stays."""
    return int(number) if number is not None and number == int(number) else number
