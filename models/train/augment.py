"""Augmentation that keeps labels true: a note is cut at its marks, pieces are changed, offsets follow."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from models.train.marks import Labelled, Mark

TIMES = ("decision_cycle", "timeline", "next_visit", "contract_expiry")
NUMBERS = ("budget_amount", "purchase_quantity", "company_size", "contact_phone", "expansion_plan")
POOLED = ("customer_name", "competitor", "equipment", "contact_person", *TIMES)
TITLED = re.compile(
    r"([老小阿])?([\u4e00-\u9fff])(总|工|姐|哥|处|科|主任|经理|院长|局长|校长|老师|厂长|所长|主管|师傅|老板|董|部长|书记|会计)?"
)
PUNCTUATION = "，。！？；、：,.!?;:…~～"
Piece = tuple[str, tuple[Mark, ...]]


@dataclass(frozen=True, slots=True)
class Odds:
    """How often each change is made (0..1 a note, or a mark for `swap` and `digits`)."""

    swap: float = 0.3
    digits: float = 0.4
    bare: float = 0.12
    join: float = 0.12
    slip: float = 0.1


@dataclass(slots=True)
class Augmenter:
    """`augmenter(note)` → a like note with other names, products, dates, numbers or punctuation."""

    notes: Sequence[Labelled]
    surnames: Sequence[str]
    companies: Sequence[str]
    odds: Odds = field(default_factory=Odds)
    rng: random.Random = field(default_factory=random.Random)
    _pools: Mapping[str, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        pools: dict[str, list[str]] = defaultdict(list)
        for note in self.notes:
            for mark in note.marks:
                if mark.field in POOLED and not mark.denied:
                    pools["time" if mark.field in TIMES else mark.field].append(note.text[mark.start : mark.end])
        self._pools = pools

    def __call__(self, note: Labelled) -> Labelled:
        steps: list[tuple[float, Callable[[list[Piece]], list[Piece]]]] = [
            (1.0, self._swap),
            (self.odds.bare, self._bare),
            (self.odds.slip, self._slip),
        ]
        cut = pieces(note)
        chance, length = self.odds.join, len(note.text)
        while not note.partial and length < 100 and self.rng.random() < chance:
            other = self.rng.choice(self.notes)
            if other.partial:
                break
            cut = [*cut, (self.rng.choice("。，；\n "), ()), *pieces(other)]
            chance, length = 0.5, length + len(other.text)
        for chance, step in steps:
            if self.rng.random() < chance:
                cut = step(cut)
        return joined(note, cut)

    def _swap(self, cut: list[Piece]) -> list[Piece]:
        changes: dict[str, str] = {}
        for text, marks in cut:
            if compound(marks) or any(m.denied for m in marks):
                continue
            fields = {m.field for m in marks}
            if fields & set(NUMBERS) and self.rng.random() < self.odds.digits:
                changes[text] = re.sub(r"\d", lambda m: self._digit(m[0]), text)
            elif (new := self._other(text, fields)) and self.rng.random() < self.odds.swap:
                changes[text] = new
        out = []
        for text, marks in cut:
            if marks:
                out.append((text if compound(marks) else changes.get(text, text), marks))
                continue
            for old, new in changes.items():
                if len(old) > 1:
                    text = text.replace(old, new)
            out.append((text, marks))
        return out

    def _digit(self, digit: str) -> str:
        return digit if digit == "0" else self.rng.choice("123456789")

    def _other(self, text: str, fields: set[str]) -> str | None:
        """Another text for a marked piece, of the same kind; None where only its own words will do."""
        if "contact_person" in fields:
            m = TITLED.fullmatch(text)
            if m and (m[1] or m[3]):
                return (m[1] or "") + self._surname() + (m[3] or "")
            return self.rng.choice(self._pools["contact_person"]) if fields == {"contact_person"} else None
        if fields == {"customer_name"} and self.rng.random() < 0.3:
            return self.rng.choice(self.companies)
        for name in ("customer_name", "competitor", "equipment"):
            if fields == {name}:
                return self.rng.choice(self._pools[name])
        return self.rng.choice(self._pools["time"]) if len(fields) == 1 and fields <= set(TIMES) else None

    def _surname(self) -> str:
        """A surname of the list, those at its head (the common ones) far more often."""
        return self.surnames[int(len(self.surnames) * self.rng.random() ** 2)]

    def _bare(self, cut: list[Piece]) -> list[Piece]:
        """Punctuation lost, as speech recognition writes."""
        table = str.maketrans("", "", PUNCTUATION)
        return [(text if marks else text.translate(table), marks) for text, marks in cut]

    def _slip(self, cut: list[Piece]) -> list[Piece]:
        """One unmarked character doubled, dropped or exchanged with its neighbour."""
        free = [i for i, (text, marks) in enumerate(cut) if not marks and len(text) > 2]
        if not free:
            return cut
        i = self.rng.choice(free)
        text = cut[i][0]
        at = self.rng.randrange(len(text) - 1)
        middle = self.rng.choice(("", text[at] * 2, text[at + 1] + text[at]))
        tail = text[at + 1 :] if len(middle) < 2 or middle == text[at] * 2 else text[at + 2 :]
        return [*cut[:i], (text[:at] + middle + tail, ()), *cut[i + 1 :]]


def pieces(note: Labelled) -> list[Piece]:
    """The note cut at its marks, whose offsets count from their piece; marks that overlap share a piece."""
    cut: list[Piece] = []
    at = 0
    for start, end in _stretches(note.marks):
        if start > at:
            cut.append((note.text[at:start], ()))
        here = (m for m in note.marks if start <= m.start and m.end <= end)
        cut.append((note.text[start:end], tuple(replace(m, start=m.start - start, end=m.end - start) for m in here)))
        at = end
    return [*cut, (note.text[at:], ())] if at < len(note.text) else cut


def _stretches(marks: Sequence[Mark]) -> list[tuple[int, int]]:
    """Where marks lie, overlapping ones as one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted({(m.start, m.end) for m in marks}):
        if found and start < found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


def compound(marks: Sequence[Mark]) -> bool:
    """Whether a piece has marks on different words of it; such a piece is left as it is."""
    return len({(m.start, m.end) for m in marks}) > 1


def joined(note: Labelled, cut: Sequence[Piece]) -> Labelled:
    """The pieces as one note again, every mark on its new offsets."""
    text, marks = "", []
    for piece, here in cut:
        at = len(text)
        if compound(here):
            marks += [replace(m, start=at + m.start, end=at + m.end) for m in here]
        else:
            marks += [replace(m, start=at, end=at + len(piece)) for m in here if piece]
        text += piece
    return replace(note, text=text, marks=tuple(marks))
