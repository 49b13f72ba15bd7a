"""What one person marked in a note, and where two people's marks part."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from extractor.types import Json, Span


@dataclass(frozen=True, slots=True)
class Marking:
    """One value that a person marked: `spans` are its evidence in code points, `value` is canonical JSON."""

    field: str
    spans: tuple[Span, ...]
    value: Json
    certain: bool = True

    @property
    def key(self) -> tuple[str, tuple[Span, ...], str]:
        """What two people have to agree on: field, words, value. Certainty is compared apart."""
        return self.field, self.spans, canonical(self.value)

    def to_json(self) -> dict[str, Json]:
        evidence: list[Json] = [{"start": s.start, "end": s.end} for s in self.spans]
        return {"field": self.field, "evidence": evidence, "value": self.value, "certain": self.certain}


def marking_from(data: Mapping[str, Any]) -> Marking:
    """A stored mark back as a record."""
    spans = tuple(sorted(Span(e["start"], e["end"]) for e in data["evidence"]))
    return Marking(data["field"], spans, data["value"], data["certain"])


def canonical(value: Json) -> str:
    """A value as one text, so that values compare and count."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Parting:
    """Where two sides part in one field: what only the one marked, what only the other."""

    field: str
    first: tuple[Marking, ...]
    second: tuple[Marking, ...]


def compare(first: Iterable[Marking], second: Iterable[Marking]) -> list[Parting]:
    """Differences by field in the order of the fields' names; empty where both say the same, certainty included."""
    ours, theirs = set_of(first), set_of(second)
    only = [{k: m for k, m in side.items() if k not in other} for side, other in ((ours, theirs), (theirs, ours))]
    named = sorted({m.field for side in only for m in side.values()})
    return [Parting(name, *(tuple(m for m in side.values() if m.field == name) for side in only)) for name in named]


def set_of(marks: Iterable[Marking]) -> dict[tuple[object, ...], Marking]:
    """Marks by all they say; one said twice counts once."""
    return {(*m.key, m.certain): m for m in marks}
