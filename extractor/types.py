"""The data that flows through the engine: frozen, slotted, compared by value.

Offsets everywhere are half-open and count Unicode code points of `Note.text` exactly as received.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

Status = Literal[
    "stated", "hedged", "hearsay", "conditional", "negated", "retracted", "past", "other_party", "own_side"
]
Basis = Literal["stated", "inferred"]
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class Span(NamedTuple):
    """A half-open stretch `[start, end)` of the note's text, in code points."""

    start: int
    end: int

    def overlaps(self, other: Span) -> bool:
        return self.start < other.end and other.start < self.end

    def within(self, other: Span) -> bool:
        return other.start <= self.start and self.end <= other.end


@dataclass(frozen=True, slots=True)
class Note:
    """One message of a rep. `sent_at` (aware) is the reference time of every relative expression; never "now"."""

    id: str
    text: str
    sent_at: datetime
    author: str | None = None
    customer: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something a rule, the model or a person points at.

    `score` is the finder's own strength in 0..1; `source` is `rule:<field>/<name>`, `model:<version>` or
    `human:<who>`; `hint` is the enum value (or other value text) where the finder knows it; `certain` is the
    finder's own opinion on certainty, None where it has none; `refusal` names the contract's refusal that the
    words run into (a vague size, a number with letters).
    """

    field: str
    span: Span
    score: float
    source: str
    hint: str | None = None
    certain: bool | None = None
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """How the note puts it: status, who said so, and the cue words that decided."""

    status: Status = "stated"
    certain: bool = True
    speaker: Span | None = None
    cue: Span | None = None
    cue_name: str | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """What stands behind a value: the candidates, or the inference rule and its premises."""

    sentence: str
    candidates: tuple[Candidate, ...] = ()
    rule: str | None = None
    premises: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Extraction:
    """One field the note fills. `value` is the canonical JSON of the interface; `display` is for people."""

    field: str
    title: str
    value: Json
    display: str
    evidence: tuple[Span, ...]
    confidence: float
    basis: Basis
    claim: Claim
    why: Why

    @property
    def certain(self) -> bool:
        return self.claim.certain and self.basis == "stated"


@dataclass(frozen=True, slots=True)
class Dropped:
    """A candidate that did not become a field, and the stage that decided (`claim`, `parse`, `choose`)."""

    candidate: Candidate
    stage: Literal["claim", "parse", "choose", "threshold"]
    reason: str
    claim: Claim = Claim()
    winner: Candidate | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Words that look like a field's value but that the contract refuses, with what to ask the rep instead."""

    field: str
    title: str
    span: Span
    code: str
    message: str
    ask: str


@dataclass(frozen=True, slots=True)
class Result:
    """Everything the engine has to say about one note. Same note and same `bundle` give the same bytes."""

    note: Note
    bundle: str
    fields: tuple[Extraction, ...] = ()
    unsure: tuple[Extraction, ...] = ()
    refused: tuple[Refused, ...] = ()
    dropped: tuple[Dropped, ...] = field(default=(), compare=False)
