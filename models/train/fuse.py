"""Fit the fusion on gold notes: run the engine, see which findings are right, regress."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from extractor.contract import Contract
from extractor.pipeline import Engine, Tagger
from extractor.types import Candidate, Extraction
from models.fusion import NAMES, Fusion, features
from models.train.gold import Gold, GoldNote, earned

PULL_SHARED, PULL_FIELD = 1.0, 8.0  # strength of the prior, in findings
START = np.array([-1.0, 0.5, 0.5, 0.0, 1.0, 0.5, -0.3])
LOWEST, HIGHEST, LEAN = 0.3, 0.5, 20  # bounds of a threshold; weight, in gold values, of all fields
ROUNDS = 2  # what is chosen depends on the confidence, so fit, choose and fit again

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Row:
    """One finding: its field, its features, and whether the gold has it."""

    field: str
    x: tuple[float, ...]
    right: bool


def fit(contract: Contract, tagger: Tagger, notes: Sequence[GoldNote]) -> Fusion:
    """The fusion of a contract and a tagger, with its thresholds, fitted on `notes`."""
    tagged = tagger.tag_many([n.note.text for n in notes])
    fusion: Fusion | None = None
    for _ in range(ROUNDS):
        engine = Engine(contract, tagger=tagger, calibrator=fusion)
        rows = [
            Row(e.field, features(e.why.candidates, e.claim), mark is not None)
            for note, found in zip(notes, tagged, strict=True)
            for e, mark in _outcomes(engine, note, found)
        ]
        fusion = regress(rows)
    assert fusion is not None
    gold = Counter(g.field for note in notes for g in note.gold)
    return replace(fusion, thresholds=thresholds(fusion, rows, gold))


def thresholds(fusion: Fusion, rows: Sequence[Row], gold: Mapping[str, int]) -> dict[str, float]:
    """Half of the best F1 a field can reach, which is where F1 is best if probabilities are true.

    Lipton, Elkan and Naryanaswamy (2014), arXiv:1402.1892. Fields with little gold lean on the F1 of all.
    """
    scored = [(r.field, fusion.score(r.field, r.x), r.right) for r in rows]
    whole = _best_f1([(p, right) for _, p, right in scored], sum(gold.values()))
    result = {}
    for field, count in sorted(gold.items()):
        own = _best_f1([(p, right) for name, p, right in scored if name == field], count)
        f1 = (count * own + LEAN * whole) / (count + LEAN)
        result[field] = min(max(f1 / 2, LOWEST), HIGHEST)
    return result


def _best_f1(scored: Sequence[tuple[float, bool]], gold: int) -> float:
    """The highest F1 over all cuts of the findings, most probable first."""
    right, best = 0, 0.0
    for kept, (_, hit) in enumerate(sorted(scored, reverse=True), 1):
        right += hit
        best = max(best, 2 * right / (kept + gold))
    return best


def _outcomes(engine: Engine, note: GoldNote, found: Sequence[Candidate]) -> list[tuple[Extraction, Gold | None]]:
    result = engine.reconcile(note.note, found)
    stated = [e for e in (*result.fields, *result.unsure) if e.basis == "stated"]
    return earned(stated, note)


def regress(rows: Sequence[Row]) -> Fusion:
    """Weights of all rows, then of each field drawn towards them."""
    shared = logistic(*_matrix(rows), centre=START, pull=PULL_SHARED)
    fields = {
        name: logistic(*_matrix([r for r in rows if r.field == name]), centre=shared, pull=PULL_FIELD)
        for name in sorted({r.field for r in rows})
    }
    return Fusion(tuple(shared), {name: tuple(w) for name, w in fields.items()}, "fitting")


def _matrix(rows: Sequence[Row]) -> tuple[Floats, Floats]:
    return np.array([r.x for r in rows]).reshape(-1, len(NAMES)), np.array([float(r.right) for r in rows])


def logistic(x: Floats, right: Floats, *, centre: Floats, pull: float) -> Floats:
    """Ridge logistic regression around `centre` (maximum a posteriori, normal prior of precision `pull`), by Newton."""
    weights = centre.copy()
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        gradient = x.T @ (p - right) + pull * (weights - centre)
        hessian = (x * (p * (1 - p))[:, None]).T @ x + pull * np.eye(len(centre))
        step = np.linalg.solve(hessian, gradient)
        weights = weights - step
        if np.abs(step).max() < 1e-8:
            break
    return weights
