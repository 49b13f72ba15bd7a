"""What comes in over HTTP, checked at the border."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StringConstraints

from extractor.pipeline import MAX_NOTE
from extractor.types import Note


def _written(value: Any) -> Any:
    """Times are written as text; pydantic alone would take a bare number for seconds since 1970."""
    if not isinstance(value, str):
        raise ValueError("时间要写成 ISO 8601 文本，例如 2026-03-18T10:20+08:00")
    return value


Time = Annotated[AwareDatetime, BeforeValidator(_written)]
Label = Annotated[str, StringConstraints(max_length=200)]


class NoteIn(BaseModel):
    """One message of a rep; `sent_at` with its zone is the reference of every relative time."""

    model_config = ConfigDict(extra="forbid")
    id: Label | None = None
    text: Annotated[str, StringConstraints(max_length=MAX_NOTE)]
    sent_at: Time
    author: Label | None = None
    customer: Label | None = None
    channel: Label | None = None

    def to_note(self) -> Note:
        return Note(self.id or "", self.text, self.sent_at, self.author, self.customer, self.channel)


class ExtractionIn(BaseModel):
    """A note to extract; `store: false` keeps nothing."""

    model_config = ConfigDict(extra="forbid")
    note: NoteIn
    store: StrictBool = True


class BatchIn(BaseModel):
    """Up to 500 notes. They are checked one by one, so that a bad one does not spoil the rest."""

    model_config = ConfigDict(extra="forbid")
    notes: Annotated[list[Any], Field(min_length=1, max_length=500)]
    store: StrictBool = True


class Words(BaseModel):
    """A stretch of the note: code points, end exclusive."""

    start: int
    end: int
    text: str


class FieldOut(BaseModel):
    """One extracted field (further keys may be added)."""

    model_config = ConfigDict(extra="allow")
    field: str
    title: str
    value: Any
    display: str
    confidence: float
    basis: str
    certain: bool
    claim: dict[str, Any]
    evidence: list[Words]
    sources: list[str]
    why: str


class ExtractionOut(BaseModel):
    """The engine's answer for one note."""

    model_config = ConfigDict(extra="allow")
    id: str
    bundle: str
    fields: list[FieldOut]


class Problem(BaseModel):
    """RFC 9457; `code` is stable, `detail` says what to do."""

    model_config = ConfigDict(extra="allow")
    type: str
    title: str
    status: int
    code: str
    detail: str
