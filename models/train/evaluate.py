"""Score an engine on gold notes: per field, evidence, certainty, calibration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from extractor.pipeline import Engine
from extractor.types import Result
from models.train.gold import GoldNote, earned
from models.train.score import Tally, dice

BINS = 10


def evaluate(engine: Engine, notes: Sequence[GoldNote]) -> dict[str, Any]:
    """`score` of what an engine finds in gold notes."""
    return score(engine.contract.fields, notes, engine.extract_many([n.note for n in notes]))


def score(fields: Iterable[str], notes: Sequence[GoldNote], results: Iterable[Result]) -> dict[str, Any]:
    """Micro and per-field precision, recall and F1 of stated values, evidence and certainty of the right ones,
    expected calibration error over ten bins (Naeini et al., 2015), precision and coverage from 0.9."""
    tallies = {name: Tally() for name in fields}
    right_words, right_doubt = Counter[bool](), Counter[bool]()
    pairs: dict[str, list[tuple[float, bool]]] = {name: [] for name in tallies}
    for note, result in zip(notes, results, strict=True):
        outcomes = earned([e for e in result.fields if e.basis == "stated"], note)
        for extraction, gold in outcomes:
            pairs[extraction.field].append((extraction.confidence, gold is not None))
            tally = tallies[extraction.field]
            tally.right += gold is not None
            tally.wrong += gold is None
            if gold:
                right_words[max(dice(gold.span, (s.start, s.end)) for s in extraction.evidence) >= 0.5] += 1
                right_doubt[extraction.certain == gold.certain] += 1
        met = [id(gold) for _, gold in outcomes if gold]
        for gold in note.gold:
            tallies[gold.field].missed += id(gold) not in met
    micro = Tally(*(sum(getattr(t, part) for t in tallies.values()) for part in ("right", "wrong", "missed")))
    return {
        "notes": len(notes),
        "micro": micro.row(),
        "evidence_ok": round(right_words[True] / max(1, right_words.total()), 4),
        "certain_ok": round(right_doubt[True] / max(1, right_doubt.total()), 4),
        **calibration([p for rows in pairs.values() for p in rows], micro.right + micro.missed),
        "fields": {name: tally.row() | _gap(pairs[name]) for name, tally in sorted(tallies.items())},
    }


def _gap(pairs: Sequence[tuple[float, bool]]) -> dict[str, float]:
    """What a field promised on average, and how much of it was right."""
    return {"promised": _mean([c for c, _ in pairs]), "findings": len(pairs)}


def calibration(pairs: Sequence[tuple[float, bool]], gold: int) -> dict[str, Any]:
    """`ece`, `precision_at_0.9`, `coverage_at_0.9` (of all gold values), and the reliability table."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for confidence, right in pairs:
        bins[min(BINS - 1, int(confidence * BINS))].append((confidence, right))
    rows = [
        {"from": i / BINS, "promised": _mean([c for c, _ in b]), "right": _mean([r for _, r in b]), "findings": len(b)}
        for i, b in enumerate(bins)
        if b
    ]
    gap = sum(row["findings"] * abs(row["promised"] - row["right"]) for row in rows)
    sure = [right for confidence, right in pairs if confidence >= 0.9]
    return {
        "ece": round(gap / max(1, len(pairs)), 4),
        "precision_at_0.9": round(sum(sure) / max(1, len(sure)), 4),
        "coverage_at_0.9": round(sum(sure) / max(1, gold), 4),
        "reliability": rows,
    }


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / max(1, len(values)), 4)
