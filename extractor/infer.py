"""Infer: what follows from a stated value, with its proof; never where the note states the field itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from extractor.contract import Contract, Inference
from extractor.kinds import KINDS
from extractor.kinds.base import Words
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


def _conclude(rule: Inference, premise: Extraction, contract: Contract, note: Note) -> Iterable[Extraction]:
    window = next((w for w in rule.windows if note.sent_at.month in w.months), None)
    if window is None:
        return []
    field = contract.fields[rule.then]
    span = Span(0, len(window.expression))
    words = Words(
        window.expression,
        span,
        None,
        find_values(window.expression, note.sent_at, folder=tables_of(contract.root)),
        note.sent_at,
        contract.lexicons,
    )
    parsed = KINDS[field.kind].parse(words)
    if parsed is None:
        return []
    confidence = round(rule.confidence * premise.confidence, 4)
    sentence = f"推断：{rule.reason}（依据「{_words(note, premise)}」；规则 {rule.name}）"
    why = Why(sentence, rule=f"inference:{rule.name}", premises=premise.evidence)
    claim = Claim(certain=False)
    return [
        Extraction(
            rule.then,
            field.title,
            parsed.value,
            window.expression,
            premise.evidence,
            confidence,
            "inferred",
            claim,
            why,
        )
    ]


def _words(note: Note, premise: Extraction) -> str:
    return "…".join(note.text[s.start : s.end] for s in premise.evidence)
