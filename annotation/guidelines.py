"""The annotators' guidelines, built from the contract: its four dimensions, examples and counter-examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from extractor.contract import Contract, Example, Field
from extractor.types import Json

GENERAL = Path(__file__).parent / "guidelines.yaml"
MOST = 6  # examples of either kind


@dataclass(frozen=True, slots=True)
class Guide:
    """What an annotator reads about one field. `found`: a text, the words to mark, the value; `nothing`: texts in which
    this field is not marked, and why where the contract says so."""

    field: Field
    key: str
    found: tuple[tuple[str, str, Json], ...]
    nothing: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, Any]:
        f = self.field
        return {
            "field": f.name, "title": f.title, "key": self.key, "many": f.many, "definition": f.definition,
            "capture": f.capture.note, "validation": f.validation.note, "correction": f.correction.note,
            "values": [{"value": v, "meaning": m} for v, m in f.values.items()],
            "examples": [{"text": t, "evidence": e, "value": v} for t, e, v in self.found],
            "counter_examples": [{"text": t, "why": w} for t, w in self.nothing],
        }  # fmt: skip


@cache
def general() -> tuple[str, ...]:
    """What holds for every field."""
    return tuple(yaml.safe_load(GENERAL.read_text(encoding="utf-8"))["rules"])


@cache
def letters() -> str:
    """Letters that may stand for a field; the others are commands."""
    return str(yaml.safe_load(GENERAL.read_text(encoding="utf-8"))["letters"])


def hot_keys(contract: Contract) -> dict[str, str]:
    """A key per field in the contract's order: small letters, then with Shift; fields beyond that have none."""
    keys = letters() + letters().upper()
    return dict(zip(contract.fields, keys, strict=False))


def guides(contract: Contract) -> list[Guide]:
    """One guide per field, in the contract's order."""
    keys = hot_keys(contract)
    return [Guide(field, keys.get(field.name, ""), *_examples(field.examples)) for field in contract.fields.values()]


def _examples(
    examples: Sequence[Example],
) -> tuple[tuple[tuple[str, str, Json], ...], tuple[tuple[str, str], ...]]:
    """Stated findings with their words (empty where the contract names none), shortest texts first; texts without any.
    Known gaps of the rules are left in: a person marks them all the same."""
    short = sorted(examples, key=lambda e: len(e.text))
    found = [(e.text, x.evidence or "", x.value) for e in short for x in e.expect[:1] if x.basis == "stated"]
    nothing = [(e.text, e.refused or "") for e in short if not e.expect]
    return tuple(found[:MOST]), tuple(nothing[:MOST])
