"""How far two annotators agree, per field: F1 on words and value, and Krippendorff's alpha on the values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from annotation.marking import Marking, canonical

Pair = tuple[Sequence[Marking], Sequence[Marking]]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of one field over the notes that two people marked.

    `notes`: how many of them have the field on either side; `same`, `first`, `second`: marks alike in words and value,
    and marks of either side. `alpha` is None where all marks are of one kind: chance alone would agree as well.
    """

    field: str
    notes: int
    same: int
    first: int
    second: int
    alpha: float | None

    @property
    def f1(self) -> float | None:
        """2·same / (first + second): the F1 of either against the other; None without any mark."""
        marks = self.first + self.second
        return 2 * self.same / marks if marks else None


def agreements(pairs: Sequence[Pair], fields: Iterable[str]) -> list[Agreement]:
    """Agreement per field, in the given order, of the fields that anybody marked."""
    return [found for name in fields if (found := _one(pairs, name)).notes]


def _one(pairs: Sequence[Pair], field: str) -> Agreement:
    sides = [tuple({m.key for m in side if m.field == field} for side in pair) for pair in pairs]
    values = [[_values(side, field) for side in pair] for pair in pairs]
    return Agreement(
        field,
        sum(bool(a or b) for a, b in sides),
        sum(len(a & b) for a, b in sides),
        sum(len(a) for a, _ in sides),
        sum(len(b) for _, b in sides),
        alpha(values),
    )


def _values(marks: Sequence[Marking], field: str) -> frozenset[str]:
    """What a side says of a field in one note: its values, or that there is none (the empty set)."""
    return frozenset(canonical(m.value) for m in marks if m.field == field)


def alpha(units: Iterable[Sequence[Hashable | None]]) -> float | None:
    """Krippendorff's alpha for nominal data; None entries are missing.

    alpha = 1 - Do/De = 1 - (n-1)·(n - Σ o_cc) / (n² - Σ n_c²), with o_cc the coincidences of a value with itself and
    n_c how often it occurs among the n pairable values. Source: K. Krippendorff, Computing Krippendorff's
    Alpha-Reliability (2011), section C. None without pairable values or where only one value occurs.
    """
    total: Counter[Hashable] = Counter()
    matching = 0.0
    for unit in units:
        counts = Counter(value for value in unit if value is not None)
        of_unit = counts.total()
        if of_unit >= 2:
            total += counts
            matching += sum(c * (c - 1) for c in counts.values()) / (of_unit - 1)
    n = total.total()
    expected = n * n - sum(c * c for c in total.values())
    return 1 - (n - 1) * (n - matching) / expected if expected else None
