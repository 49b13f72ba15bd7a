"""Regression notes: one for every mistake that must not come back. An engine is run over them; the gate compares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as member
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ConfigDict

from extractor.contract import SENT_AT
from extractor.data import checked, read_yaml
from extractor.errors import ContractError
from extractor.pipeline import Engine
from extractor.types import Extraction, Note, Result

FILE = Path(__file__).parent / "data" / "regression.yaml"
_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A finding by its field, and by its value, words or basis where they matter."""

    __pydantic_config__ = _STRICT
    field: str
    value: Any = None
    evidence: str | None = None
    basis: str | None = None
    certain: bool | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A note, what must and must not be found in it, and why it is here. `nothing`: no field at all may be found."""

    __pydantic_config__ = _STRICT
    name: str
    text: str
    why: str
    sent_at: str = SENT_AT
    must: tuple[Wanted, ...] = ()
    must_not: tuple[Wanted, ...] = ()
    nothing: bool = False


@dataclass(frozen=True, slots=True)
class _Cases:
    __pydantic_config__ = _STRICT
    cases: tuple[Case, ...] = member(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is wrong with an engine's answer to a case; empty where it is right."""

    case: str
    wrong: tuple[str, ...] = ()


def load_cases(file: Path = FILE) -> tuple[Case, ...]:
    """The cases of a file. Raises ContractError: a bad key, a name twice, a case that asks for nothing."""
    found: _Cases = checked(read_yaml(file.read_text(encoding="utf-8"), file.name) or {}, _Cases, file.name)
    names = [case.name for case in found.cases]
    for number, case in enumerate(found.cases):
        if names.count(case.name) > 1:
            raise ContractError(file.name, f"cases.{number}.name", f"{case.name} 重复了；每条要有自己的名字")
        if not (case.must or case.must_not or case.nothing):
            raise ContractError(file.name, f"cases.{number}", "写上 must、must_not 或 nothing: true")
    return found.cases


def run(engine: Engine, cases: Sequence[Case]) -> list[Outcome]:
    """The outcome of every case, in order. Fields that the contract does not have are left out."""
    notes = [Note(case.name, case.text, datetime.fromisoformat(case.sent_at)) for case in cases]
    results = engine.extract_many(notes)
    known = frozenset(engine.contract.fields)
    return [Outcome(c.name, tuple(_wrong(c, result, known))) for c, result in zip(cases, results, strict=True)]


def _wrong(case: Case, result: Result, known: frozenset[str]) -> Iterator[str]:
    for want in case.must:
        if want.field in known and not any(_meets(e, want, result) for e in result.fields):
            yield f"没有找到 {want.field} {want.value or want.evidence or ''}".rstrip()
    for want in case.must_not:
        if any(_meets(e, want, result) for e in result.fields):
            yield f"不该找到 {want.field} {want.value or want.evidence or ''}".rstrip()
    if case.nothing and result.fields:
        yield f"什么都不该找到，却有 {'、'.join(dict.fromkeys(e.field for e in result.fields))}"


def _meets(e: Extraction, want: Wanted, result: Result) -> bool:
    words = [result.note.text[s.start : s.end] for s in e.evidence]
    return (
        e.field == want.field
        and (want.value is None or e.value == want.value)
        and (want.evidence is None or want.evidence in words)
        and (want.basis is None or e.basis == want.basis)
        and (want.certain is None or e.certain == want.certain)
    )
