"""Calibration on notes the model did not see: a logistic map and the best threshold for each field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.decode import Calibration, Found, calibrated
from models.labels import Labels
from models.train.marks import Labelled
from models.train.score import Scored, once, outcomes

Pairs = NDArray[np.float64]


def platt(logits: Pairs, right: Pairs, *, prior: float = 4.0) -> tuple[float, float]:
    """Slope and offset of a logistic regression (Platt, 1999) by Newton's method, drawn towards (1, 0) by `prior`."""
    weights = np.array([1.0, 0.0])
    x = np.stack([logits, np.ones_like(logits)], 1)
    for _ in range(30):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        gradient = x.T @ (p - right) + prior * (weights - [1.0, 0.0])
        hessian = (x * (p * (1 - p))[:, None]).T @ x + prior * np.eye(2)
        weights = weights - np.linalg.solve(hessian, gradient)
    return float(max(weights[0], 0.05)), float(weights[1])


def raw(found: Sequence[Sequence[Found]]) -> list[list[Scored]]:
    """Findings with their uncalibrated mass times share as score."""
    return [[(f, f.mass * f.share) for f in items] for items in found]


def calibrate(
    notes: Sequence[Labelled], found: Sequence[Sequence[Found]], labels: Labels, *, pull: float = 3.0
) -> dict[str, Calibration]:
    """One `Calibration` per field; a field with few findings keeps near the map of all fields."""
    pairs: dict[str, list[tuple[float, float]]] = {f: [] for f in labels.fields}
    missed = dict.fromkeys(labels.fields, 0)
    for note, items in zip(notes, raw(found), strict=True):
        results = outcomes(once(items, labels), note, labels)
        for (item, score), mark in results:
            pairs[item.field].append((score, float(mark is not None)))
        for mark in note.marks:
            missed[mark.field] += not any(mark is m for _, m in results)
    every = [p for rows in pairs.values() for p in rows]
    common = _map(every) if every else (1.0, 0.0)
    shared = _threshold(every, sum(missed.values()), common, 0.5, 0.0)
    result = {}
    for field, rows in pairs.items():
        slope, offset = _map(rows, common) if rows else common
        threshold = _threshold(rows, missed[field], (slope, offset), shared, pull)
        result[field] = Calibration(round(slope, 4), round(offset, 4), round(threshold, 4))
    return result


def _logits(scores: Sequence[float]) -> Pairs:
    p = np.clip(np.array(scores, dtype=np.float64), 1e-6, 1 - 1e-6)
    return np.asarray(np.log(p / (1 - p)))


def _map(rows: Sequence[tuple[float, float]], start: tuple[float, float] = (1.0, 0.0)) -> tuple[float, float]:
    """Platt scaling on top of `start`."""
    logits = _logits([s for s, _ in rows]) * start[0] + start[1]
    slope, offset = platt(logits, np.array([r for _, r in rows]))
    return slope * start[0], slope * start[1] + offset


def _threshold(
    rows: Sequence[tuple[float, float]], missed: int, line: tuple[float, float], default: float, pull: float
) -> float:
    """The probability from which keeping a finding gives the best F1, smoothed towards `default` by `pull` findings."""
    if not rows:
        return default
    calibration = Calibration(*line)
    p = np.array([calibration(s) for s, _ in rows])
    right = np.array([r for _, r in rows])
    gold = right.sum() + missed
    grid = np.arange(0.2, 0.81, 0.02)
    f1 = np.array([2 * right[p >= t].sum() / max(1.0, (p >= t).sum() + gold) for t in grid])
    good = grid[f1 >= f1.max() - 0.002]
    weight = len(rows) / (len(rows) + 10 * pull)
    return float(weight * np.median(good) + (1 - weight) * default)


def with_probability(found: Sequence[Sequence[Found]], calibration: Mapping[str, Calibration]) -> list[list[Scored]]:
    """Findings with their calibrated probability."""
    return [[(f, calibrated(f, calibration)) for f in items] for items in found]


def thresholds(calibration: Mapping[str, Calibration]) -> dict[str, float]:
    return {field: c.threshold for field, c in calibration.items()}


def as_json(calibration: Mapping[str, Calibration]) -> dict[str, Any]:
    return {f: {"slope": c.slope, "offset": c.offset, "threshold": c.threshold} for f, c in calibration.items()}
