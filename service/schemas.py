"""What comes in over HTTP, checked at the border."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    ValidationError,
)

from extractor.pipeline import MAX_NOTE
from extractor.types import Note


def _written(value: Any) -> Any:
    """Times are written as text; pydantic alone would take a bare number for seconds since 1970."""
    if not (isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d[T ]", value)):
        raise ValueError("时间要写成 ISO 8601 文本，例如 2026-03-18T10:20+08:00")
    return value


Time = Annotated[AwareDatetime, BeforeValidator(_written)]
EventName = Literal[
    "suggestion.created", "field.confirmed", "field.corrected", "field.rejected", "strategy.triggered", "digest.ready"
]


def storable(text: str) -> str:
    """The text, if every database can hold it."""
    if "\x00" in text:
        raise ValueError("不能含有空字符（U+0000）；请去掉它")
    return text


Text = Annotated[str, StringConstraints(max_length=MAX_NOTE), AfterValidator(storable)]
Label = Annotated[str, StringConstraints(max_length=200), AfterValidator(storable)]


class NoteIn(BaseModel):
    """One message of a rep; `sent_at` with its zone is the reference of every relative time."""

    model_config = ConfigDict(extra="forbid")
    id: Label | None = None
    text: Text
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


class Stretch(BaseModel):
    """Where in the note: code points, end exclusive."""

    model_config = ConfigDict(extra="ignore")
    start: Annotated[int, Field(ge=0, le=MAX_NOTE)]
    end: Annotated[int, Field(ge=0, le=MAX_NOTE)]


class DecisionIn(BaseModel):
    """`value` (words or canonical JSON) and `evidence` belong to a correction, `reason` to a rejection."""

    model_config = ConfigDict(extra="forbid")
    suggestion_id: Label
    action: Literal["confirm", "correct", "reject", "undo"]
    value: Any = None
    evidence: Annotated[list[Stretch], Field(max_length=20)] | None = None
    reason: Annotated[str, StringConstraints(max_length=400), AfterValidator(storable)] | None = None


class DecisionsIn(BaseModel):
    """Decisions on one extraction, applied together."""

    model_config = ConfigDict(extra="forbid")
    decisions: Annotated[list[DecisionIn], Field(min_length=1, max_length=200)]


class WebhookIn(BaseModel):
    """A subscription: where to, and for which events."""

    model_config = ConfigDict(extra="forbid")
    url: Annotated[str, StringConstraints(max_length=2000)]
    events: Annotated[list[EventName], Field(min_length=1, max_length=20)]


class MessageIn(BaseModel):
    """What a bot forwards: who wrote what when. The same `message_id` again answers the same."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    message_id: Annotated[Label, StringConstraints(min_length=1)]
    sender: Annotated[Label, StringConstraints(min_length=1)] = Field(alias="from")
    text: Text
    sent_at: Time
    customer: Label | None = None


def one_note(item: Any) -> NoteIn | dict[str, Any]:
    """A note of a batch, or what is wrong with it."""
    try:
        return NoteIn.model_validate(item)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        place = "/".join(map(str, first["loc"])) or "note"
        name = item.get("id") if isinstance(item, dict) else None
        return {"id": name, "error": {"code": "note.invalid", "message": f"{place}：{first['msg']}"}}
