"""The sandbox: what would a rule pack have changed on stored notes, and would people have agreed?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as member
from typing import Any, Literal

from extractor.pipeline import Engine
from extractor.types import Extraction, Json, Note, Span

AROUND = 60  # code points of a note shown on either side of the evidence
KEEP = 20  # examples kept per field and kind of change
BATCH = 64
Change = Literal["found", "lost", "changed"]


@dataclass(frozen=True, slots=True)
class Truth:
    """What a person decided: this value of the field is right, or wrong, for the note."""

    field: str
    value: Json
    right: bool


@dataclass(frozen=True, slots=True)
class Stored:
    """A note of the history with everything people decided on it; `complete`: an annotator says that is all."""

    note: Note
    truths: tuple[Truth, ...] = ()
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """One finding that an engine has and the other has not, or reads otherwise."""

    note: Note
    field: str
    change: Change
    before: Extraction | None
    after: Extraction | None

    def to_json(self) -> dict[str, Json]:
        """The words around the evidence with offsets into them (code points), and both values as people read them."""
        spans = [s for e in (self.before, self.after) if e for s in e.evidence]
        start = max(0, min(s.start for s in spans) - AROUND)
        text = self.note.text[start : max(s.end for s in spans) + AROUND]
        return {
            "note_id": self.note.id, "change": self.change, "text": text,
            "before": _shown(self.before, start), "after": _shown(self.after, start),
        }  # fmt: skip


@dataclass(slots=True)
class Judged:
    """Findings against decisions: people said so (`agreed`), said otherwise (`disagreed`); right values not found."""

    agreed: int = 0
    disagreed: int = 0
    missed: int = 0

    def to_json(self) -> dict[str, Json]:
        known = self.agreed + self.disagreed
        share = round(self.agreed / known, 4) if known else None
        return {"agreed": self.agreed, "disagreed": self.disagreed, "missed": self.missed, "precision": share}


@dataclass(slots=True)
class Tally:
    """The effect on one field."""

    same: int = 0
    changes: dict[Change, list[Difference]] = member(default_factory=lambda: {"found": [], "lost": [], "changed": []})
    before: Judged = member(default_factory=Judged)
    after: Judged = member(default_factory=Judged)

    def to_json(self) -> dict[str, Json]:
        counts: dict[str, Json] = {change: len(items) for change, items in self.changes.items()}
        examples: list[Json] = [d.to_json() for items in self.changes.values() for d in items[:KEEP]]
        judged: dict[str, Json] = {"before": self.before.to_json(), "after": self.after.to_json()}
        return {**counts, "same": self.same, "judged": judged, "examples": examples}


@dataclass(slots=True)
class Effect:
    """The effect of a pack on so many notes, by field; fields of which nothing was found are left out."""

    notes: int = 0
    fields: dict[str, Tally] = member(default_factory=dict)

    @property
    def changes(self) -> int:
        return sum(len(items) for tally in self.fields.values() for items in tally.changes.values())

    def to_json(self) -> dict[str, Any]:
        return {"notes": self.notes, "fields": {name: t.to_json() for name, t in sorted(self.fields.items())}}


def effect(before: Engine, after: Engine, history: Iterable[Stored]) -> Iterator[Effect]:
    """Both engines over the history; yields the growing effect after each batch, so that progress can be shown."""
    made = Effect()
    for batch in _batches(history):
        notes = [stored.note for stored in batch]
        pairs = zip(batch, *_results(before, after, notes), strict=True)
        for stored, old, new in pairs:
            _compare(made, stored, old, new)
        made.notes += len(batch)
        yield made


def _results(before: Engine, after: Engine, notes: Sequence[Note]) -> Iterator[list[tuple[Extraction, ...]]]:
    """The fields of each note by either engine; the model, where they share one, reads a note once."""
    tagger = before.tagger
    if tagger is None or tagger is not after.tagger:
        for engine in (before, after):
            yield [r.fields for r in engine.extract_many(notes)]
        return
    tagged = tagger.tag_many([note.text for note in notes])
    for engine in (before, after):
        yield [engine.reconcile(note, found).fields for note, found in zip(notes, tagged, strict=True)]


def _compare(made: Effect, stored: Stored, old: Sequence[Extraction], new: Sequence[Extraction]) -> None:
    for name in {e.field for e in (*old, *new)} | {t.field for t in stored.truths}:
        tally = made.fields.setdefault(name, Tally())
        a, b = ([e for e in found if e.field == name] for found in (old, new))
        truths = [t for t in stored.truths if t.field == name]
        judge_against(tally.before, a, truths, complete=stored.complete)
        judge_against(tally.after, b, truths, complete=stored.complete)
        differences = list(_differences(stored.note, name, a, b))
        tally.same += len(b) - sum(d.after is not None for d in differences)
        for difference in differences:
            tally.changes[difference.change].append(difference)


def judge_against(
    judged: Judged, found: Sequence[Extraction], truths: Sequence[Truth], *, complete: bool = False
) -> None:
    """Count the findings of one field of one note. What nobody decided on counts only where the truths are complete."""
    right = [t.value for t in truths if t.right]
    wrong = [t.value for t in truths if not t.right]
    values = [e.value for e in found]
    judged.agreed += sum(v in right for v in values)
    judged.disagreed += sum((complete or v in wrong) and v not in right for v in values)
    judged.missed += sum(v not in values for v in right)


def _differences(note: Note, name: str, a: Sequence[Extraction], b: Sequence[Extraction]) -> Iterator[Difference]:
    old = [e for e in a if not any(e.value == n.value for n in b)]
    new = [e for e in b if not any(e.value == o.value for o in a)]
    for before in old:
        after = next((e for e in new if _touch(before, e)), None)
        if after is not None:
            new.remove(after)
        yield Difference(note, name, "changed" if after else "lost", before, after)
    yield from (Difference(note, name, "found", None, e) for e in new)


def _touch(a: Extraction, b: Extraction) -> bool:
    return any(s.overlaps(t) for s in a.evidence for t in b.evidence)


def _shown(e: Extraction | None, start: int) -> Json:
    if e is None:
        return None
    spans: list[Json] = [_moved(s, start) for s in e.evidence]
    return {
        "value": e.value,
        "display": e.display,
        "confidence": e.confidence,
        "evidence": spans,
        "why": e.why.sentence,
    }


def _moved(span: Span, start: int) -> dict[str, Json]:
    return {"start": span.start - start, "end": span.end - start}


def _batches(history: Iterable[Stored]) -> Iterator[list[Stored]]:
    batch: list[Stored] = []
    for stored in history:
        batch.append(stored)
        if len(batch) == BATCH:
            yield batch
            batch = []
    yield batch  # the last one too when it is empty: somebody waits for an answer
