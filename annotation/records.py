"""The labelled note that storage, files and training share: what was said of a note, by whom, and how much of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from annotation.marking import canonical
from extractor.errors import FieldNoteError
from extractor.types import Json, Span


class RecordError(FieldNoteError):
    """A labelled note that cannot be read or written; names the note and what is wrong."""

    code = "annotation.record"


@dataclass(frozen=True, slots=True)
class Said:
    """One thing said of a note. `value` is canonical JSON, None where only the words were marked.

    `origin` is rep, annotator, rule or model; `denied`: somebody said that this is not so; `at` is ISO 8601.
    """

    field: str
    spans: tuple[Span, ...]
    value: Json = None
    certain: bool = True
    basis: str = "stated"
    claim: str = "stated"
    origin: str = "annotator"
    by: str | None = None
    at: str | None = None
    denied: bool = False

    def to_json(self) -> dict[str, Json]:
        return {
            "field": self.field, "evidence": [{"start": s.start, "end": s.end} for s in self.spans],
            "value": self.value, "certain": self.certain, "basis": self.basis, "claim": self.claim,
            "origin": self.origin, "by": self.by, "at": self.at, "denied": self.denied,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Record:
    """A note with all that was said of it; `complete` only where somebody answered for the whole note."""

    id: str
    text: str
    marks: tuple[Said, ...] = ()
    sent_at: str | None = None
    customer: str | None = None
    complete: bool = False
    contract: str | None = None

    def to_json(self) -> dict[str, Json]:
        return {
            "id": self.id, "text": self.text, "sent_at": self.sent_at, "customer": self.customer,
            "complete": self.complete, "contract": self.contract, "marks": [m.to_json() for m in self.marks],
        }  # fmt: skip

    def line(self) -> str:
        """Canonical JSON: equal records give equal bytes."""
        return canonical(self.to_json())


def record_from(data: Mapping[str, Any]) -> Record:
    """A record back from its JSON; compiled gold (`fields`) is read too. Raises RecordError where it is none."""
    try:
        if "fields" in data and "marks" not in data:
            return _gold(data)
        marks = tuple(said_from(m) for m in data["marks"])
        record = Record(
            data["id"], data["text"], marks, data.get("sent_at"), data.get("customer"),
            data.get("complete", False), data.get("contract"),
        )  # fmt: skip
        return checked(record)
    except (KeyError, TypeError, AttributeError) as error:
        raise RecordError(f"{_name(data)}：缺少或读不出 {error}") from None


def said_from(data: Mapping[str, Any]) -> Said:
    """One mark back from its JSON; only `field` and `evidence` must be there."""
    spans = tuple(Span(e["start"], e["end"]) for e in data["evidence"])
    kept = ("value", "certain", "basis", "claim", "origin", "by", "at", "denied")
    return Said(data["field"], spans, **{k: data[k] for k in kept if k in data})


def checked(record: Record) -> Record:
    """The record itself. Raises RecordError where a mark lies outside of the text, or a name is no text."""
    if not all(isinstance(name, str) for name in (record.id, record.text, *(m.field for m in record.marks))):
        raise RecordError(f"{record.id}：编号、正文、字段名都应是文字")
    for mark in record.marks:
        for span in mark.spans:
            if not 0 <= span.start < span.end <= len(record.text):
                raise RecordError(f"{record.id}：{mark.field} 的位置 {span.start}–{span.end} 不在正文里")
    return record


def gold_line(record: Record) -> dict[str, Any]:
    """The record as training reads it (`models.train.marks.compile_gold`): evidence first span, partial and denied.

    Inferred values and marks without words are on no words, so they teach nothing.
    """
    fields = [
        {
            "field": m.field, "value": m.value, "evidence": [m.spans[0].start, m.spans[0].end],
            "certain": m.certain, **({"denied": True} if m.denied else {}),
        }
        for m in record.marks
        if m.spans and m.basis == "stated"
    ]  # fmt: skip
    partial = {} if record.complete else {"partial": True}
    return {"id": record.id, "text": record.text, "sent_at": record.sent_at, "fields": fields, **partial}


def _gold(data: Mapping[str, Any]) -> Record:
    marks = tuple(
        Said(f["field"], (Span(*f["evidence"]),), f["value"], f.get("certain", True), denied=f.get("denied", False))
        for f in data["fields"]
    )
    complete = not data.get("partial", False)
    return checked(Record(data["id"], data["text"], marks, data.get("sent_at"), data.get("customer"), complete))


def _name(data: object) -> str:
    return str(data.get("id", "?")) if isinstance(data, Mapping) else "?"
