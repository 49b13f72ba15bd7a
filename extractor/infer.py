"""Infer: what follows from a stated value, with its proof; never where the note states the field itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from extractor.contract import Contract, Inference, Window
from extractor.kinds import KINDS
from extractor.kinds.base import Parsed, Words
from extractor.types import Claim, Extraction, Note, Span, Why
from extractor.values.finder import find_values
from extractor.values.tables import tables_of


def infer(stated: Sequence[Extraction], contract: Contract, note: Note) -> list[Extraction]:
    """One extraction per inference rule whose premise is stated and whose conclusion is not."""
    taken = {e.field for e in stated}
    made: list[Extraction] = []
    for rule in contract.inferences:
        premise = next((e for e in stated if e.field == rule.field and e.value == rule.value), None)
        if premise is None or rule.then in taken:
            continue
        concluded = _conclude(rule, premise, contract, note)
        made += concluded
        taken |= {e.field for e in concluded}
    return made


def unreadable(contract: Contract, sent_at: datetime) -> Iterator[tuple[Inference, str]]:
    """Inferences that would never conclude anything, each with an expression that is no value of their field."""
    for rule in contract.inferences:
        blind = next((w for w in rule.windows if _parsed(rule, w, contract, sent_at) is None), None)
        if blind is not None:
            yield rule, blind.expression


def _parsed(rule: Inference, window: Window, contract: Contract, sent_at: datetime) -> Parsed | None:
    """The value that the window's expression says on that day."""
    text = window.expression
    values = find_values(text, sent_at, folder=tables_of(contract.root))
    words = Words(text, Span(0, len(text)), None, values, sent_at, contract.lexicons)
    return KINDS[contract.fields[rule.then].kind].parse(words)


def _conclude(rule: Inference, premise: Extraction, contract: Contract, note: Note) -> Iterable[Extraction]:
    window = next((w for w in rule.windows if note.sent_at.month in w.months), None)
    parsed = _parsed(rule, window, contract, note.sent_at) if window else None
    if window is None or parsed is None:
        return []
    confidence = round(rule.confidence * premise.confidence, 4)
    sentence = f"推断：{rule.reason}（依据「{_words(note, premise)}」；规则 {rule.name}）"
    why = Why(sentence, rule=f"inference:{rule.name}", premises=premise.evidence)
    claim = Claim(certain=False)
    title = contract.fields[rule.then].title
    return [
        Extraction(
            rule.then, title, parsed.value, window.expression, premise.evidence, confidence, "inferred", claim, why
        )
    ]


def _words(note: Note, premise: Extraction) -> str:
    return "…".join(note.text[s.start : s.end] for s in premise.evidence)
