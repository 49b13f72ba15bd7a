"""Weak labels: raw sentences marked by the rules, and raw sentences that say nothing about a sale.

Rules teach, human notes correct: only rules that were right on the labelled notes teach, and a sentence teaches only
the fields they found in it. Which sentences read like notes is the difference of their per-character cross-entropies
under notes and under raw text (Moore and Lewis, 2010, "Intelligent Selection of Language Model Training Data", ACL),
here of smoothed character bigrams. The same config, notes and text give the same sentences.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from math import log
from pathlib import Path
from typing import Any

from extractor.pipeline import Engine, Tagger
from extractor.types import Candidate, Extraction, Note, Result
from models.bundle import sha256
from models.decode import Found
from models.labels import FIELDNOTE
from models.train.config import WeakConfig
from models.train.marks import Labelled, Mark
from models.train.pretrain import grade, lines_of, text_files
from models.train.score import matches

WHEN = datetime.fromisoformat("2026-06-15T09:00:00+08:00")  # any day: values of times are not taught
SENTENCE = re.compile(r"[^。！？!?；;\n]+[。！？!?；;]*")
WORDS = Path(__file__).parent / "sales_words.txt"
LEAST = 0.1  # added to every count of a bigram


@dataclass(frozen=True, slots=True)
class Sentence:
    """A raw sentence, its file, how much it reads like a note (nats a character) and its words of sales talk."""

    text: str
    file: str
    likeness: float
    words: int


@dataclass(slots=True)
class Weak:
    """Notes marked by rules, notes with nothing in them, and where they come from (`story`, JSON)."""

    marked: list[Labelled] = field(default_factory=list)
    negatives: list[Labelled] = field(default_factory=list)
    story: dict[str, Any] = field(default_factory=dict)

    @property
    def notes(self) -> list[Labelled]:
        return [*self.marked, *self.negatives]


def weak_notes(
    engine: Engine,
    notes: Sequence[Labelled],
    folder: Path,
    config: WeakConfig,
    *,
    seed: int,
    judge: Tagger | None = None,
) -> Weak:
    """Weakly labelled sentences of the raw text in `folder`, as many as `config` wants or there are.

    `engine` has no tagger; `notes` are labelled by people. Raises ModelError where no raw text is allowed.
    """
    rng = random.Random(seed)
    files = text_files(folder, config.files, config.grades)
    ranked = rank(read(files, config, rng), [n.text for n in notes])
    trusted = trust(engine, notes, config)
    alike = [s for s in ranked[: int(len(ranked) * config.talk)] if s.words >= config.words]
    unlike = [s for s in ranked[len(ranked) // 2 :] if not s.words]
    weak = Weak()
    weak.marked = _marked(engine, alike, trusted, judge, config)
    weak.negatives = _negatives(engine, rng.sample(unlike, len(unlike)), config.negatives)
    weak.story = _story(weak, files, trusted, ranked)
    return weak


def read(files: Iterable[Path], config: WeakConfig, rng: random.Random) -> list[tuple[str, str]]:
    """Sentences of a share of the lines, each once, with their file's name."""
    found: dict[str, str] = {}
    for file in files:
        for line in lines_of(file):
            if rng.random() < config.read:
                for sentence in sentences(line):
                    if config.shortest <= len(sentence) <= config.longest:
                        found.setdefault(sentence, file.name)
    return list(found.items())


def sentences(line: str) -> Iterator[str]:
    """A line cut after its full stops."""
    return (part.strip() for part in SENTENCE.findall(line))


def rank(found: Sequence[tuple[str, str]], notes: Sequence[str]) -> list[Sentence]:
    """Sentences, the likest to notes first."""
    inside, outside = _bigrams(notes), _bigrams(text for text, _ in found)
    totals = [sum(c.values()) + LEAST * len(outside | inside) for c in (inside, outside)]
    gains = {p: log((inside[p] + LEAST) / totals[0]) - log((outside[p] + LEAST) / totals[1]) for p in outside}
    words = re.compile("|".join(_words()))
    made = (
        Sentence(text, file, sum(gains[p] for p in _pairs(text)) / len(text), len(set(words.findall(text))))
        for text, file in found
    )
    return sorted(made, key=lambda s: (-s.likeness, s.text))


def _words() -> list[str]:
    lines = WORDS.read_text(encoding="utf-8").splitlines()
    return [word for line in lines if not line.startswith("#") for word in line.split()]


def _bigrams(texts: Iterable[str]) -> Counter[str]:
    return Counter(p for text in texts for p in _pairs(text))


def _pairs(text: str) -> Iterator[str]:
    return (a + b for a, b in zip("^" + text, text, strict=False))


def trust(engine: Engine, notes: Sequence[Labelled], config: WeakConfig) -> dict[str, float]:
    """How often each rule was right on labelled notes (with one right and one wrong added), of those good enough."""
    right, seen = Counter[str](), Counter[str]()
    whole = [n for n in notes if not n.partial]
    results = engine.extract_many([Note(n.id, n.text, WHEN) for n in whole])
    for note, result in zip(whole, results, strict=True):
        for extraction in _sure(result, config.sure):
            found = _mark(extraction)
            hit = any(matches(_found(found), mark, FIELDNOTE) for mark in note.marks)
            for source in _sources(extraction):
                seen[source] += 1
                right[source] += hit
    shares = {source: (right[source] + 1) / (seen[source] + 2) for source in sorted(seen)}
    return {s: round(share, 4) for s, share in shares.items() if share >= config.right and seen[s] >= config.seen}


def _sure(result: Result, sure: float) -> list[Extraction]:
    return [e for e in result.fields if e.basis == "stated" and e.confidence >= sure]


def _sources(extraction: Extraction) -> set[str]:
    return {c.source for c in extraction.why.candidates}


def _mark(extraction: Extraction) -> Mark:
    span = extraction.evidence[0]
    value = str(extraction.value) if extraction.field in FIELDNOTE.values else "."
    return Mark(extraction.field, value, span.start, span.end, extraction.certain)


def _found(mark: Mark) -> Found:
    return Found(mark.field, mark.start, mark.end, 1.0, mark.value)


def _marked(
    engine: Engine, pool: Sequence[Sentence], trusted: Mapping[str, float], judge: Tagger | None, config: WeakConfig
) -> list[Labelled]:
    """Sentences with what trusted rules find in them; rare fields fill up while common ones are capped."""
    counts, notes = Counter[str](), list[Labelled]()
    for sentence in pool:
        if len(notes) >= config.marked:
            break
        sure = _sure(engine.extract(Note("", sentence.text, WHEN)), config.sure)
        kept = [e for e in sure if e.field not in config.leave_out and not trusted.keys().isdisjoint(_sources(e))]
        kept = [e for e in kept if counts[e.field] < config.cap]
        if kept and judge:
            believed = [c for c in judge.tag(sentence.text) if c.score >= config.belief]
            kept = [e for e in kept if any(_agree(_mark(e), c) for c in believed)]
        marks = tuple(_mark(e) for e in kept)
        if marks:
            counts.update(m.field for m in marks)
            known = tuple(sorted({m.field for m in marks} - {e.field for e in sure if e not in kept}))
            notes.append(Labelled(f"weak-{len(notes)}", sentence.text, marks, sentence.file, partial=True, known=known))
    return notes


def _agree(mark: Mark, candidate: Candidate) -> bool:
    """Whether the judge's candidate is the rule's mark: field, value and most of the words."""
    span = candidate.span
    return matches(Found(candidate.field, span.start, span.end, 1.0, candidate.hint), mark, FIELDNOTE)


def _negatives(engine: Engine, pool: Sequence[Sentence], wanted: int) -> list[Labelled]:
    """Sentences that rules see nothing in, not even something that is dropped."""
    notes: list[Labelled] = []
    for sentence in pool:
        if len(notes) >= wanted:
            break
        result = engine.extract(Note("", sentence.text, WHEN))
        if not (result.fields or result.unsure or result.dropped or result.refused):
            notes.append(Labelled(f"none-{len(notes)}", sentence.text, (), sentence.file))
    return notes


def _story(
    weak: Weak, files: Sequence[Path], trusted: Mapping[str, float], ranked: Sequence[Sentence]
) -> dict[str, Any]:
    """What a model card must say of them: sources, digests, licence grades, counts, rules."""
    used = Counter(n.origin for n in weak.notes)
    return {
        "sentences_read": len(ranked),
        "marked": len(weak.marked),
        "negatives": len(weak.negatives),
        "fields": dict(sorted(Counter(m.field for n in weak.marked for m in n.marks).items())),
        "sources": {f.name: {"sha256": sha256(f), "grade": grade(f), "sentences": used[f.name]} for f in files},
        "grades": dict(sorted(Counter(grade(Path(n.origin)) for n in weak.notes).items())),
        "rules": dict(trusted),
    }


def save_weak(weak: Weak, file: Path) -> None:
    """One line for the story, then one for each note: what a run that goes on reads again."""
    lines: list[Any] = [weak.story, *(asdict(note) for note in weak.notes)]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    file.write_text(text, encoding="utf-8")


def load_weak(file: Path) -> Weak:
    """What `save_weak` wrote."""
    story, *rows = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    weak = Weak(story=story)
    for row in rows:
        marks = tuple(Mark(**m) for m in row.pop("marks"))
        note = Labelled(**row | {"marks": marks, "known": tuple(row["known"])})
        (weak.marked if note.partial else weak.negatives).append(note)
    return weak
