"""Gold notes with canonical values, and which extractions earn a mark."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from extractor.contract import Contract
from extractor.types import Extraction, Note
from models.train.score import dice

WORDS = frozenset({"contact_person", "customer_name", "pain_point", "equipment", "competitor"})


@dataclass(frozen=True, slots=True)
class Gold:
    """One gold value: canonical JSON, half-open evidence, certainty."""

    field: str
    value: Any
    span: tuple[int, int]
    certain: bool


@dataclass(frozen=True, slots=True)
class GoldNote:
    note: Note
    gold: tuple[Gold, ...]


def read_gold(file: Path, contract: Contract) -> list[GoldNote]:
    """Compiled gold lines `{"id", "text", "sent_at", "fields"}`; fields the contract lacks are left out."""
    notes = []
    with file.open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            gold = [
                Gold(f["field"], f["value"], (f["evidence"][0], f["evidence"][1]), f["certain"])
                for f in row["fields"]
                if f["field"] in contract.fields
            ]
            notes.append(GoldNote(Note(row["id"], row["text"], datetime.fromisoformat(row["sent_at"])), tuple(gold)))
    return notes


def earned(extractions: Sequence[Extraction], note: GoldNote) -> list[tuple[Extraction, Gold | None]]:
    """Each extraction, most confident first, with the gold value it earns (each once) or None."""
    free = list(note.gold)
    result: list[tuple[Extraction, Gold | None]] = []
    for extraction in sorted(extractions, key=lambda e: -e.confidence):
        gold = next((g for g in free if same(g, extraction)), None)
        if gold:
            free.remove(gold)
        result.append((extraction, gold))
    return result


def same(gold: Gold, extraction: Extraction) -> bool:
    """The same value: words by half of their overlap, times by their days, roles on the right person."""
    if gold.field != extraction.field:
        return False
    overlap = max(dice(gold.span, (s.start, s.end)) for s in extraction.evidence)
    value: Any = extraction.value
    if gold.field in WORDS:
        return overlap >= 0.5
    if gold.field == "decision_role" and not overlap:
        return False
    if gold.field == "expansion_plan":
        return _same_plan(str(gold.value), str(value))
    if isinstance(gold.value, dict) and "start" in gold.value:
        clock = gold.value["time"]
        keys = ("start", "end", "time") if clock and ":" in clock else ("start", "end")
        return all(gold.value[k] == value.get(k) for k in keys)
    return bool(gold.value == value)


def _same_plan(a: str, b: str) -> bool:
    """3家店 = 3家门店: the same number, most of the other characters shared."""
    (number, rest), (other, tail) = _split(a), _split(b)
    shared = sum((Counter(rest) & Counter(tail)).values())
    return number == other and 2 * shared >= 0.6 * (len(rest) + len(tail))


def _split(value: str) -> tuple[str, str]:
    number = re.match(r"[\d.]*", value)
    assert number is not None
    return number[0], value[number.end() :]
