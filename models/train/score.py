"""Scores of candidates against labelled notes, the parsing of values taken as given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.decode import Found
from models.labels import Labels
from models.train.marks import Labelled, Mark

Scored = tuple[Found, float]


def dice(a: tuple[int, int], b: tuple[int, int]) -> float:
    """Overlap F1 of two half-open spans."""
    shared = max(0, min(a[1], b[1]) - max(a[0], b[0]))
    return 2 * shared / (a[1] - a[0] + b[1] - b[0]) if shared else 0.0


def matches(found: Found, mark: Mark, labels: Labels) -> bool:
    """The same field and value; roles on the right person, words that are the value by half of their overlap."""
    if found.field != mark.field:
        return False
    overlap = dice((found.start, found.end), (mark.start, mark.end))
    if found.field in labels.values:
        return found.value == mark.value and (overlap > 0 or found.field != "decision_role")
    return overlap >= 0.5


def raw(found: Sequence[Sequence[Found]]) -> list[list[Scored]]:
    """Findings with their uncalibrated mass times share as score."""
    return [[(f, f.mass * f.share) for f in items] for items in found]


@dataclass(slots=True)
class Tally:
    """Right, wrong and missed of one field."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)

    @property
    def f1(self) -> float:
        return 2 * self.right / max(1, 2 * self.right + self.wrong + self.missed)

    def row(self) -> dict[str, float]:
        gold = self.right + self.missed
        return {"p": round(self.precision, 4), "r": round(self.recall, 4), "f1": round(self.f1, 4), "gold": gold}


@dataclass(slots=True)
class Report:
    """Tallies by field, and how often evidence and certainty of right findings were right."""

    fields: dict[str, Tally]
    evidence: Counter[bool]
    certain: Counter[bool]

    @property
    def micro(self) -> Tally:
        every = self.fields.values()
        return Tally(sum(t.right for t in every), sum(t.wrong for t in every), sum(t.missed for t in every))

    def to_json(self) -> dict[str, object]:
        return {
            "micro": self.micro.row(),
            "macro_f1": round(sum(t.f1 for t in self.fields.values()) / max(1, len(self.fields)), 4),
            "evidence_ok": round(self.evidence[True] / max(1, self.evidence.total()), 4),
            "certain_ok": round(self.certain[True] / max(1, self.certain.total()), 4),
            "fields": {name: tally.row() for name, tally in sorted(self.fields.items())},
        }


def outcomes(found: Sequence[Scored], note: Labelled, labels: Labels) -> list[tuple[Scored, Mark | None]]:
    """Each finding, best first, with the mark it earns (each mark once) or None."""
    free = list(note.marks)
    result: list[tuple[Scored, Mark | None]] = []
    for item in sorted(found, key=lambda s: -s[1]):
        mark = next((m for m in free if matches(item[0], m, labels)), None)
        if mark:
            free.remove(mark)
        result.append((item, mark))
    return result


def once(found: Sequence[Scored], labels: Labels) -> list[Scored]:
    """A value of an enumerated field is given once a note (roles: once a place), by its best finding."""
    best: dict[tuple[object, ...], Scored] = {}
    for item in sorted(found, key=lambda s: -s[1]):
        f = item[0]
        place = (f.start, f.end) if f.field not in labels.values or f.field == "decision_role" else None
        best.setdefault((f.field, f.value, place), item)
    return list(best.values())


def evaluate(
    notes: Sequence[Labelled],
    found: Sequence[Sequence[Scored]],
    labels: Labels,
    thresholds: Mapping[str, float],
    *,
    hedged_from: float = 0.0,
) -> Report:
    """Precision, recall and F1 by field of the findings at or above their field's threshold."""
    report = Report({f: Tally() for f in labels.fields}, Counter(), Counter())
    for note, items in zip(notes, found, strict=True):
        kept = once([s for s in items if s[1] >= thresholds.get(s[0].field, 0.5)], labels)
        results = outcomes(kept, note, labels)
        for (item, _), mark in results:
            tally = report.fields[item.field]
            tally.right += mark is not None
            tally.wrong += mark is None
            if mark:
                report.evidence[dice((item.start, item.end), (mark.start, mark.end)) >= 0.5] += 1
                report.certain[(item.hedge < hedged_from) == mark.certain] += 1
        earned = [mark for _, mark in results if mark]
        for mark in note.marks:
            report.fields[mark.field].missed += not any(mark is m for m in earned)
    return report
