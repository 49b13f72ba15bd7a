"""Confidence: one number per finding, the number that thresholds act on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Protocol

from extractor.types import Candidate, Claim

CEILING = 0.99


class Calibrator(Protocol):
    """Turns what stands behind a finding into the share of such findings that people confirm.

    `thresholds`: the confidence from which a field is filled, where it is not the contract's own.
    """

    @property
    def digest(self) -> str: ...

    @property
    def thresholds(self) -> Mapping[str, float]: ...

    def __call__(self, field: str, candidates: Sequence[Candidate], claim: Claim) -> float: ...


class PriorCalibrator:
    """Without measured data: independent finders (rules as one, model as one) combined by noisy-or."""

    digest = "prior"
    thresholds: Mapping[str, float] = {}

    def __call__(self, field: str, candidates: Sequence[Candidate], claim: Claim) -> float:
        best: dict[str, float] = {}
        for candidate in candidates:
            kind = candidate.source.partition(":")[0]
            best[kind] = max(best.get(kind, 0.0), candidate.score)
        score = 1 - prod(1 - s for s in best.values())
        return round(min(CEILING, score if claim.certain else score * 0.9), 4)
