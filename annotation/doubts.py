"""Labels before they teach: a field that is suddenly labelled against what the serving model is sure of.

A person who errs now and then contradicts a sure finding now and then; a wrong habit, a swapped hot key or bad will
contradicts a large share of one field's. Such a field goes to an adjudicator before anything is trained on it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from extractor.types import Candidate
from models.train.marks import Labelled

SURE = 0.5  # more likely than not: what contradicts it is another value on the same words


@dataclass(frozen=True, slots=True)
class Doubt:
    """Of one field's labelled findings that the model was sure of (`sure`), those labelled otherwise."""

    sure: int
    contradicted: int

    @property
    def least(self) -> float:
        """The share of contradictions that chance leaves at least: Wilson's lower bound (1927), one side of 99%."""
        if not self.sure:
            return 0.0
        z, n, p = 2.326, self.sure, self.contradicted / self.sure
        spread = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(0.0, (p + z * z / (2 * n) - spread) / (1 + z * z / n))


def doubts(notes: Sequence[Labelled], found: Sequence[Sequence[Candidate]], sure: float = SURE) -> Mapping[str, Doubt]:
    """Per field how the labels of `notes` go with what a model `found` in the same notes.

    Only findings whose words somebody labelled in that field count: what was left out may just be missing.
    """
    met: Counter[str] = Counter()
    against: Counter[str] = Counter()
    for note, candidates in zip(notes, found, strict=True):
        for candidate in candidates:
            span = candidate.span
            here = [m for m in note.marks if m.field == candidate.field and m.start < span.end and span.start < m.end]
            if candidate.score < sure or not here:
                continue
            met[candidate.field] += 1
            against[candidate.field] += all(m.denied or (candidate.hint or m.value) != m.value for m in here)
    return {field: Doubt(met[field], against[field]) for field in sorted(met)}
