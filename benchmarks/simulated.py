"""Who takes part in a simulated season: people who answer from the gold and err, and a model still in training."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from extractor.types import Candidate, Span
from models.labels import FIELDNOTE
from models.tagger import FLOOR
from models.tokens import Tokenizer
from models.train.marks import Labelled, Mark
from models.train.network import SpanTagger
from models.train.predict import predict


def spoilt(note: Labelled, rng: random.Random, share: float, only: str | None = None) -> Labelled:
    """The marks of a person who errs: a `share` of them (of one field, if named) is left out or given another value."""
    marks: list[Mark] = []
    for mark in note.marks:
        if (only and mark.field != only) or rng.random() >= share:
            marks.append(mark)
        elif mark.field in FIELDNOTE.values:
            others = [v for v in FIELDNOTE.values[mark.field] if v != mark.value]
            marks.append(replace(mark, value=rng.choice(others)))
    return replace(note, marks=tuple(marks))


def turned_down(fields: Any, note: Labelled) -> int:
    """Suggestions on words that no gold mark of the field touches: those a rep rejects."""
    spans = [(f["field"], w["start"], w["end"]) for f in fields if f["basis"] == "stated" for w in f["evidence"]]
    return sum(not any(m.field == name and m.start < b and a < m.end for m in note.marks) for name, a, b in spans)


class TorchTagger:
    """A torch network as a tagger: a model in training that serves a season, or judges weak labels."""

    digest = "in-training"

    def __init__(self, model: SpanTagger, tokenizer: Tokenizer) -> None:
        self.model, self.tokenizer = model, tokenizer

    def tag(self, text: str) -> Sequence[Candidate]:
        return self.tag_many([text])[0]

    def tag_many(self, texts: Sequence[str]) -> Sequence[Sequence[Candidate]]:
        found = predict(self.model, texts, self.tokenizer)
        return [
            [
                Candidate(f.field, Span(f.start, f.end), f.mass * f.share, "model:torch", f.value, f.hedge < 0)
                for f in items
                if f.mass * f.share >= FLOOR
            ]
            for items in found
        ]
