"""From logits to candidates, in numpy: peaks of the span scores, their mass, their value, their certainty."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp

import numpy as np
from numpy.typing import NDArray

from models.labels import Labels

Floats = NDArray[np.float32]
Row = tuple[int, float, int, int]
Peak = tuple[int, int, int, float]
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


def decode(scores: Floats, parts: Floats, labels: Labels, *, second: float = 0.3) -> list[Found]:
    """`scores` `[fields, n, n]` and `parts` `[n, 3 * width]` of one note (CLS and SEP cut off) → findings.

    Spans of one field that overlap a higher one lend it their mass, `1 - Π(1 - p)`: a tag whose evidence could end
    here or there is not lost between two halves. A second value of the same words is given from a share of `second`.
    """
    flat = scores.reshape(-1)
    live = np.flatnonzero(flat > FLOOR)
    length = scores.shape[2]
    rows = []
    for at, logit in zip(live.tolist(), flat[live].tolist(), strict=True):  # few: plain numbers beat small arrays
        field, place = divmod(at, length * length)
        first, last = divmod(place, length)
        if last - first < LONGEST:
            rows.append((field, -logit, first, last))
    found: list[Found] = []
    for field, first, last, miss in _peaks(sorted(rows)):
        if 1 - miss >= LEAST:
            values = _value_logits(first, last, parts, labels.width)
            found += _valued(labels.fields[field], first, last + 1, 1 - miss, values, labels, second)
    return found


def _peaks(rows: Iterable[Row]) -> list[Peak]:
    """Greedy peaks `(field, first, last, 1 - mass)` of rows `(field, -logit, first, last)`, highest first."""
    peaks: list[list[float]] = []
    for f, low, first, last in rows:
        miss = 1 / (1 + exp(min(-low, 30.0)))
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


def _value_logits(first: int, last: int, parts: Floats, width: int) -> list[float]:
    """Value logits of a span: what its first, its last and (meaned) all of its characters add."""
    mean = parts[first : last + 1, 2 * width :].sum(axis=0, dtype=np.float64) / (last + 1 - first)
    logits: list[float] = (parts[first, :width] + parts[last, width : 2 * width] + mean).tolist()
    return logits


def _valued(
    field: str, start: int, end: int, mass: float, logits: list[float], labels: Labels, second: float
) -> list[Found]:
    hedge = logits[-1]
    if field not in labels.values:
        return [Found(field, start, end, mass, hedge=hedge)]
    own = logits[labels.slot(field)]
    best = max(own)
    odds = [exp(x - best) for x in own]
    total = sum(odds)
    return [
        Found(field, start, end, mass, name, share / total, hedge)
        for name, share, x in zip(labels.values[field], odds, own, strict=True)
        if x == best or share >= second * total
    ]
