"""Batches: notes of like length together, labels as index tensors."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.labels import Labels
from models.tokens import Tokenizer
from models.train.losses import Targets
from models.train.marks import Labelled, Mark


@dataclass(frozen=True, slots=True)
class Batch:
    """`ids` and `mask` `[rows, length]`, and the gold."""

    ids: Tensor
    mask: Tensor
    targets: Targets
    notes: tuple[Labelled, ...]


@dataclass(frozen=True, slots=True)
class Collator:
    """Notes → `Batch`. `soft` fields have fuzzy edges: spans sharing `near` (Dice) with gold are no negatives."""

    tokenizer: Tokenizer
    labels: Labels
    soft: frozenset[str] = frozenset()
    near: float = 1.0

    def __call__(self, notes: Sequence[Labelled]) -> Batch:
        ids, mask = self.tokenizer.batch([n.text for n in notes])
        spans, near, values, hedged, denied = [], [], [], [], []
        for row, note in enumerate(notes):
            for mark in note.marks:
                if mark.field not in self.labels.fields:
                    continue
                field = self.labels.fields.index(mark.field)
                if mark.denied:
                    denied.append((row, field, mark.start + 1, mark.end))
                    continue
                spans.append((row, field, mark.start + 1, mark.end))
                hedged.append(float(not mark.certain))
                near += [(row, field, a, b) for a, b in self._near(mark, len(note.text))]
                if mark.field in self.labels.values:
                    index = self.labels.slot(mark.field).start + self.labels.values[mark.field].index(mark.value)
                    values.append((row, mark.start + 1, mark.end, index))
        unknown = torch.tensor([[n.partial and f not in n.known for f in self.labels.fields] for n in notes])
        targets = Targets(
            _index(spans), _index(near), _index(values), torch.tensor(hedged), unknown=unknown, denied=_index(denied)
        )
        return Batch(torch.from_numpy(ids), torch.from_numpy(mask), targets, tuple(notes))

    def _near(self, mark: Mark, length: int) -> Iterator[tuple[int, int]]:
        """First and last (counted from CLS) of the spans that share at least `near` of Dice with the mark."""
        if self.near >= 1 or mark.field not in self.soft:
            return
        size = mark.end - mark.start
        reach = int(size / self.near) + 1
        for start in range(max(0, mark.start - reach), mark.end):
            for end in range(max(start, mark.start) + 1, min(length, mark.end + reach) + 1):
                shared = min(end, mark.end) - max(start, mark.start)
                if (start, end) != (mark.start, mark.end) and 2 * shared >= self.near * (size + end - start):
                    yield start + 1, end


def _index(rows: list[tuple[int, int, int, int]]) -> Tensor:
    return torch.tensor(rows, dtype=torch.long).reshape(-1, 4)


def by_length(notes: Sequence[Labelled], tokens: int, rng: random.Random) -> list[list[Labelled]]:
    """Shuffled batches of like length with at most `tokens` characters each, padding counted."""
    ordered = sorted(notes, key=lambda n: len(n.text) * rng.uniform(0.9, 1.1))
    batches: list[list[Labelled]] = [[]]
    for note in ordered:
        if batches[-1] and (len(batches[-1]) + 1) * (max(len(note.text), len(batches[-1][-1].text)) + 2) > tokens:
            batches.append([])
        batches[-1].append(note)
    rng.shuffle(batches)
    return batches
