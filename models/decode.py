"""From logits to candidates, in numpy: peaks of the span scores, their mass, their value, their certainty."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp

import numpy as np
from numpy.typing import NDArray

from models.labels import Labels

Floats = NDArray[np.float32]
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
    field, place = np.divmod(live, scores.shape[1] * scores.shape[2])
    first, last = np.divmod(place, scores.shape[2])
    short = last - first < LONGEST
    field, first, last, logits = field[short], first[short], last[short], flat[live[short]]
    if not len(field):
        return []
    order = np.lexsort((last, first, -logits, field))
    rows = zip(field[order].tolist(), first[order].tolist(), last[order].tolist(), logits[order].tolist(), strict=True)
    peaks = [p for p in _peaks(rows) if 1 - p[3] >= LEAST]
    found: list[Found] = []
    for (f, start, end, miss), values in zip(peaks, _value_logits(peaks, parts, labels.width), strict=True):
        found += _valued(labels.fields[f], start, end + 1, 1 - miss, values, labels, second)
    return found


def _peaks(rows: Iterable[Peak]) -> list[Peak]:
    """Greedy peaks `(field, first, last, 1 - mass)`; rows come by field, highest first."""
    peaks: list[list[float]] = []
    for f, first, last, logit in rows:
        miss = 1 / (1 + exp(min(logit, 30.0)))
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


def _value_logits(peaks: Sequence[Peak], parts: Floats, width: int) -> list[list[float]]:
    """Value logits of each peak: what its first, its last and (meaned) all of its characters add."""
    first = np.array([p[1] for p in peaks], dtype=np.intp)
    last = np.array([p[2] for p in peaks], dtype=np.intp)
    sums = np.zeros((len(parts) + 1, width))
    np.cumsum(parts[:, 2 * width :], axis=0, out=sums[1:])
    mean = (sums[last + 1] - sums[first]) / (last + 1 - first)[:, None]
    logits: list[list[float]] = (parts[first, :width] + parts[last, width : 2 * width] + mean).tolist()
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
