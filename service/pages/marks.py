"""A note's text cut at every border of its evidence, so that overlapping evidence is drawn piece by piece."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of code points that one field rests on; `title` is what people read."""

    start: int
    end: int
    field: str
    title: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that lies under the same marks throughout (under none, most often)."""

    text: str
    start: int
    marks: tuple[Mark, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(m.field for m in self.marks))

    @property
    def titles(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(m.title for m in self.marks))


def pieces(text: str, marks: Iterable[Mark]) -> list[Piece]:
    """The whole text in pieces: joined, they give it back."""
    inside = [m for m in marks if 0 <= m.start < m.end <= len(text)]
    borders = sorted({0, len(text), *(m.start for m in inside), *(m.end for m in inside)})
    return [Piece(text[a:b], a, tuple(m for m in inside if m.start <= a and b <= m.end)) for a, b in pairwise(borders)]
