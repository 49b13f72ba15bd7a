"""Drift: is adoption below what the confidence promised by more than chance?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from annotation.recalibrate import Answer

ALARM = 0.01  # chance of a false alarm over all fields together
RECENT = 1000  # decisions of a field that are looked at, the newest
WORTH = 0.03  # a gap below this is nobody's business, however certain


@dataclass(frozen=True, slots=True)
class Drift:
    """One field's figures: shares of `answers`, the chance of so few or fewer acceptances, and whether that alarms."""

    field: str
    answers: int
    promised: float
    accepted: float
    chance: float
    alarm: bool


def drift(answers: Iterable[Answer], *, alarm: float = ALARM) -> list[Drift]:
    """By field in name order; `answers` oldest first. The limit is shared out over the fields (Holm, 1979)."""
    by_field: defaultdict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        by_field[answer.field].append(answer)
    newest = {name: group[-RECENT:] for name, group in by_field.items()}
    chances = {name: chance_of_so_few(group) for name, group in newest.items()}
    alarmed: set[str] = set()
    for rank, name in enumerate(sorted(chances, key=lambda n: (chances[n], n))):
        if chances[name] > alarm / (len(chances) - rank):
            break
        alarmed.add(name)
    return [_figures(name, newest[name], chances[name], name in alarmed) for name in sorted(newest)]


def chance_of_so_few(answers: Sequence[Answer]) -> float:
    """P(accepted ≤ seen) if every suggestion were accepted with the probability it promised: the Poisson binomial
    distribution, exact, by convolution."""
    seen = sum(a.accepted for a in answers)
    odds = np.zeros(len(answers) + 1)
    odds[0] = 1.0
    for answer in answers:
        odds[1:] = odds[1:] * (1 - answer.promised) + odds[:-1] * answer.promised
        odds[0] *= 1 - answer.promised
    return float(min(1.0, odds[: seen + 1].sum()))


def _figures(name: str, answers: Sequence[Answer], chance: float, alarm: bool) -> Drift:
    promised = sum(a.promised for a in answers) / len(answers)
    accepted = sum(a.accepted for a in answers) / len(answers)
    worth = promised - accepted >= WORTH
    return Drift(name, len(answers), round(promised, 4), round(accepted, 4), round(chance, 6), alarm and worth)
