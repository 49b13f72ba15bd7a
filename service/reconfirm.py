"""标签即契约: a newer note that speaks against a confirmed value asks for re-confirmation in the contract's time.

Pure: what is held and what a note says go in, what must be asked comes out (`store/reconfirm.py` keeps it).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from extractor.contract import Contract, Field
from extractor.types import Json
from extractor.validate import Problem, parse_input

Why = Literal["contradicted", "retracted"]
TAKEN_BACK = ("retracted", "negated")
Words = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Held:
    """A value that holds: its row, and when its note was sent."""

    id: str
    field: str
    value: Json
    said_at: datetime
    certain: bool


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A held value (row id) that a note speaks against: by which finding (its place in the answer), in which words."""

    held: str
    field: str
    why: Why
    position: int | None
    evidence: Sequence[Words]
    due_in: timedelta


def contradictions(
    contract: Contract, held: Sequence[Held], answer: Mapping[str, Any], sent_at: datetime
) -> list[Contradiction]:
    """What the answer for a note says against what holds; one per held value, another value before a retraction.

    A note older than the held value's says nothing against it, nor does a value inferred or hedged against a firm one.
    """
    newer = [h for h in held if h.said_at < sent_at and h.field in contract.fields]
    found: dict[str, Contradiction] = {}
    for against in (*_other_values(contract, newer, answer["fields"]), *_retractions(contract, newer, answer, sent_at)):
        found.setdefault(against.held, against)
    return list(found.values())


def _other_values(contract: Contract, held: Sequence[Held], fields: Sequence[Words]) -> Iterator[Contradiction]:
    """A single-valued field said otherwise. Many-valued ones accumulate: another value speaks against none."""
    for old in held:
        field = contract.fields[old.field]
        said = [(n, f) for n, f in enumerate(fields) if f["field"] == old.field]
        if field.many or any(f["value"] == old.value for _, f in said):
            continue
        firm = next(((n, f) for n, f in said if f["certain"] or not old.certain), None)
        if firm is not None:
            yield _against(field, old, "contradicted", firm[1]["evidence"], position=firm[0])


def _retractions(
    contract: Contract, held: Sequence[Held], answer: Mapping[str, Any], sent_at: datetime
) -> Iterator[Contradiction]:
    for taken in retracted(contract, answer.get("dropped") or (), sent_at):
        for old in held:
            still = any(f["field"] == old.field and f["value"] == old.value for f in answer["fields"])
            if (old.field, old.value) == (taken["field"], taken["value"]) and not still:
                yield _against(contract.fields[old.field], old, "retracted", [taken["evidence"]])


def retracted(contract: Contract, dropped: Iterable[Words], sent_at: datetime) -> Iterator[dict[str, Any]]:
    """`{"field", "value", "evidence"}` of everything that a note takes back, in canonical values."""
    for lost in dropped:
        if (
            lost["stage"] != "claim"
            or lost["claim"]["status"] not in TAKEN_BACK
            or lost["field"] not in contract.fields
        ):
            continue
        value = (
            lost["value"] if lost["value"] is not None else parse_input(contract, lost["field"], lost["text"], sent_at)
        )
        if not isinstance(value, Problem):
            evidence = {key: lost[key] for key in ("start", "end", "text")}
            yield {"field": lost["field"], "value": value, "evidence": evidence}


def _against(
    field: Field, old: Held, why: Why, evidence: Sequence[Words], *, position: int | None = None
) -> Contradiction:
    return Contradiction(old.id, old.field, why, position, evidence, timedelta(hours=field.correction.reconfirm_hours))
