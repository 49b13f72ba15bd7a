"""Recalibration: confidence follows what people accepted.

For each field logit(accepted) = a + b · logit(promised) (Platt, 1999, on logits), fitted with a normal prior: all
fields together around the identity, each field around what all say. Few decisions move little, fewer than `ENOUGH`
nothing; so a tenant's maps start from those of everyone.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from extractor.confidence import CEILING, Calibrator
from extractor.types import Candidate, Claim

ENOUGH = 30  # decisions from which a field gets a map of its own
PULL = 12.0  # precision of the prior, in decisions' worth of evidence
FLATTEST, STEEPEST = 0.2, 3.0  # slopes: a map never turns the order of findings around
EDGE = 0.005
ALL = "*"  # the map of fields without one of their own

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said to one suggestion: accepted as it stood, or corrected or rejected."""

    field: str
    promised: float
    accepted: bool


@dataclass(frozen=True, slots=True)
class Map:
    """logit(out) = a + b · logit(in); `answers` is how many decisions stand behind it."""

    a: float = 0.0
    b: float = 1.0
    answers: int = 0

    def __call__(self, p: float) -> float:
        return _sigmoid(self.a + self.b * _logit(p))

    def undo(self, p: float) -> float:
        """What the map was given when it gave `p`."""
        return _sigmoid((_logit(p) - self.a) / self.b)


Maps = Mapping[str, Map]
IDENTITY = Map()


@dataclass(frozen=True, slots=True)
class Recalibrated:
    """A `Calibrator` with maps over it; fields without a map keep `ALL`'s, or stay."""

    base: Calibrator
    maps: Maps

    @property
    def digest(self) -> str:
        return digest_of(self.base.digest, self.maps)

    @property
    def thresholds(self) -> Mapping[str, float]:
        return self.base.thresholds

    def __call__(self, field: str, candidates: Sequence[Candidate], claim: Claim) -> float:
        return apply(self.maps, field, self.base(field, candidates, claim))


def apply(maps: Maps, field: str, p: float) -> float:
    """A confidence after the maps."""
    chosen = map_of(maps, field)
    return p if chosen == IDENTITY else round(min(CEILING, chosen(p)), 4)


def map_of(maps: Maps, field: str) -> Map:
    """The map that a field's confidences go through."""
    return maps.get(field) or maps.get(ALL) or IDENTITY


def fit(answers: Iterable[Answer], start: Maps | None = None) -> dict[str, Map]:
    """Maps from decisions; `start` (the maps of everyone) is what few decisions stay near. Empty: not enough data."""
    by_field: defaultdict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        by_field[answer.field].append(answer)
    everything = [a for group in by_field.values() for a in group]
    if len(everything) < ENOUGH:
        return dict(start or {})
    start = start or {}
    shared = _fit(everything, start.get(ALL, IDENTITY))
    maps = {ALL: shared, **{name: old for name, old in start.items() if name != ALL}}
    for name in sorted(by_field):
        if len(by_field[name]) >= ENOUGH:
            maps[name] = _fit(by_field[name], start.get(name, shared))
    return maps


def _fit(answers: Sequence[Answer], centre: Map) -> Map:
    """Maximum a posteriori by Newton; steps are halved while they make it worse, so it always ends at the optimum."""
    ordered = sorted(answers, key=lambda a: (a.promised, a.accepted))
    x = np.array([[1.0, _logit(a.promised)] for a in ordered])
    y = np.array([float(a.accepted) for a in ordered])
    prior = np.array([centre.a, centre.b])
    weights = prior.copy()
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ weights))
        gradient = x.T @ (p - y) + PULL * (weights - prior)
        hessian = (x * (p * (1 - p))[:, None]).T @ x + PULL * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        before = _loss(x, y, weights, prior)
        while np.abs(step).max() > 1e-9 and _loss(x, y, weights - step, prior) > before:
            step = step / 2
        weights = weights - step
        if np.abs(step).max() < 1e-9:
            break
    slope = min(max(float(weights[1]), FLATTEST), STEEPEST)
    return Map(round(float(weights[0]), 4), round(slope, 4), len(answers))


def _loss(x: Floats, y: Floats, weights: Floats, prior: Floats) -> float:
    z = x @ weights
    return float(np.sum(np.logaddexp(0, z) - y * z) + PULL * np.sum((weights - prior) ** 2) / 2)


def gap(answers: Sequence[Answer]) -> float | None:
    """Promised minus accepted, on average; None without decisions."""
    if not answers:
        return None
    return round(sum(a.promised - a.accepted for a in answers) / len(answers), 4)


def maps_json(maps: Maps) -> dict[str, Any]:
    """`{field: {"a", "b", "answers"}}`."""
    return {name: {"a": m.a, "b": m.b, "answers": m.answers} for name, m in sorted(maps.items())}


def maps_from_json(data: Mapping[str, Any]) -> dict[str, Map]:
    """Back from `maps_json`."""
    return {name: Map(**row) for name, row in data.items()}


def digest_of(base: str, maps: Maps) -> str:
    """16 hex digits over the calibrator below and the maps: the same decisions, the same digest."""
    text = json.dumps([base, maps_json(maps)], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _logit(p: float) -> float:
    p = min(max(p, EDGE), 1 - EDGE)
    return math.log(p / (1 - p))


def _sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-min(max(z, -30.0), 30.0)))
