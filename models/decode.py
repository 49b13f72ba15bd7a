"""From logits to candidates, in numpy: peaks of the span scores, their mass, their value, their certainty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.labels import Labels

Floats = NDArray[np.float32]
FLOOR = -4.0  # spans below this logit (2%) are not looked at
LEAST = 0.03  # a finding of less mass is not given
LONGEST = 48  # characters of a span; the longest of the labelled notes has 37


@dataclass(frozen=True, slots=True)
class Found:
    """One span `[start, end)` of a field: `mass` in 0..1 (uncalibrated), the value and its share, the hedge logit."""

    field: str
    start: int
    end: int
    mass: float
    value: str | None = None
    share: float = 1.0
    hedge: float = 0.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logistic map of a field's mass to a probability (Platt scaling): `1 / (1 + e^-(slope * logit + offset))`."""

    slope: float = 1.0
    offset: float = 0.0
    threshold: float = 0.5

    def __call__(self, mass: float) -> float:
        mass = min(max(mass, 1e-6), 1 - 1e-6)
        return float(1 / (1 + np.exp(-(self.slope * np.log(mass / (1 - mass)) + self.offset))))


def decode(scores: Floats, parts: Floats, labels: Labels, *, second: float = 0.3) -> list[Found]:
    """`scores` `[fields, n, n]` and `parts` `[n, 3 * width]` of one note (CLS and SEP cut off) → findings.

    Spans of one field that overlap a higher one lend it their mass, `1 - Π(1 - p)`: a tag whose evidence could end
    here or there is not lost between two halves. A second value of the same words is given from a share of `second`.
    """
    field, first, last = np.nonzero(scores > FLOOR)
    short = last - first < LONGEST
    field, first, last = field[short], first[short], last[short]
    if not len(field):
        return []
    logits = scores[field, first, last]
    order = np.lexsort((last, first, -logits, field))
    rows = zip(field[order].tolist(), first[order].tolist(), last[order].tolist(), logits[order].tolist(), strict=True)
    found: list[Found] = []
    for f, start, end, miss in _peaks(rows):
        if 1 - miss >= LEAST:
            found += _valued(labels.fields[f], start, end + 1, 1 - miss, parts, labels, second)
    return found


def _peaks(rows: object) -> list[tuple[int, int, int, float]]:
    """Greedy peaks `(field, first, last, 1 - mass)`; rows come by field, highest first."""
    peaks: list[list[float]] = []
    for f, first, last, logit in rows:  # type: ignore[attr-defined]
        miss = 1 / (1 + np.exp(min(logit, 30.0)))
        for peak in reversed(peaks):
            if peak[0] != f:
                peaks.append([f, first, last, miss])
                break
            if first <= peak[2] and peak[1] <= last:
                peak[3] *= miss
                break
        else:
            peaks.append([f, first, last, miss])
    return [(int(f), int(a), int(b), m) for f, a, b, m in peaks]


def _valued(field: str, start: int, end: int, mass: float, parts: Floats, labels: Labels, second: float) -> list[Found]:
    width = labels.width
    logits = parts[start, :width] + parts[end - 1, width : 2 * width] + parts[start:end, 2 * width :].mean(0)
    hedge = float(logits[-1])
    if field not in labels.values:
        return [Found(field, start, end, mass, hedge=hedge)]
    odds = np.exp(logits[labels.slot(field)] - logits[labels.slot(field)].max())
    shares = odds / odds.sum()
    best = int(shares.argmax())
    names = labels.values[field]
    return [
        Found(field, start, end, mass, names[i], float(share), hedge)
        for i, share in enumerate(shares)
        if i == best or share >= second
    ]


def calibrated(found: Found, calibration: Mapping[str, Calibration]) -> float:
    """The probability that a finding is right: calibrated mass times the share of its value."""
    return calibration.get(found.field, Calibration())(found.mass * found.share)
