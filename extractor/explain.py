"""Explain: one plain sentence per value, and a replay that shows every candidate and why it won or lost."""

from __future__ import annotations

from extractor.choose import Finding
from extractor.confidence import Calibrator
from extractor.contract import Field
from extractor.types import Candidate, Claim, Extraction, Note, Result, Span

CLAIMS = {
    "stated": "明说", "hedged": "说得不确定", "hearsay": "转述", "conditional": "只是假设", "negated": "被否定",
    "retracted": "后来改口了", "past": "已是过去的事", "other_party": "说的是别家", "own_side": "说的是我方",
}  # fmt: skip


def reason(finding: Finding, field: Field, note: Note) -> str:
    """「王总说」的「财政拨款」属于「政府拨款」（规则 财政拨款，模型也这样看）."""
    words = note.text[finding.span.start : finding.span.end]
    said = f"{_text(note, finding.claim.speaker)}说的" if finding.claim.speaker else "笔记里的"
    means = f"说明{field.title}是{finding.parsed.value}" if field.values else f"是{field.title}"
    doubt = "；说得不确定" if not finding.claim.certain else ""
    return f"{said}「{words}」{means}（{_finders(finding.candidates)}{doubt}{_rival(finding.rival)}）"


def _rival(rival: Candidate | None) -> str:
    if rival is None:
        return ""
    return f"；{'模型' if rival.source.startswith('model:') else '规则'}却读作「{rival.hint}」，请看一眼"


def _finders(candidates: tuple[Candidate, ...]) -> str:
    rules = dict.fromkeys(c.source.rpartition("/")[2] for c in candidates if c.source.startswith("rule:"))
    model = any(c.source.startswith("model:") for c in candidates)
    by_rules = f"规则「{'、'.join(rules)}」" if rules else ""
    by_model = ("，模型也这样看" if rules else "模型读出，没有规则命中") if model else ""
    return by_rules + by_model or "人工标注"


def _text(note: Note, span: Span | None) -> str:
    return note.text[span.start : span.end] if span else ""


def replay(extraction: Extraction, calibrator: Calibrator) -> float:
    """The confidence, computed again from what the result says stands behind it."""
    return calibrator(extraction.field, extraction.why.candidates, extraction.claim)


def dropped_lines(result: Result) -> list[tuple[str, str, str, str]]:
    """(field, words, finder, why it lost) for every candidate that did not become a field."""
    return [
        (
            d.candidate.field,
            _text(result.note, d.candidate.span),
            d.candidate.source,
            why_lost(d.stage, d.reason, d.claim),
        )
        for d in result.dropped
    ]


def why_lost(stage: str, reason: str, claim: Claim) -> str:
    """In words: the claim status and its cue, or the reason of the stage."""
    return f"{CLAIMS[claim.status]}（{reason}）" if stage == "claim" else reason
