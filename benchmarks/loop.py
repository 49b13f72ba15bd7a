"""A simulated season: people label what the queue asks for, the model learns, a gate lets it through or not.

    FIELDNOTE_CORPUS=… python -m benchmarks.loop models/configs/zh-notes-1.yaml [--notes 1000] [--rounds 10]

A model trained on a quarter of the labelled notes starts. In each round a queue picks from the notes not yet labelled,
a simulated annotator marks them from the gold with 5% errors, the model is trained on from where it is, and the gate
compares it on notes kept aside. The same season with notes in random order beside it, then a round with 30% wrong
labels on one field. Reported: micro F1 of the model alone on the development notes, of what serves after the gate.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch

from annotation.queue import Item, default_mix, pick
from benchmarks import save
from extractor.contract import load_contract
from extractor.pipeline import Engine
from extractor.render import result_json
from extractor.types import Candidate, Note, Span
from models.labels import FIELDNOTE
from models.registry import losses
from models.tagger import FLOOR
from models.tokens import Tokenizer
from models.train.config import TrainConfig, load_config
from models.train.curve import lines
from models.train.finetune import finetune
from models.train.marks import Labelled, Mark, read_all, read_notes
from models.train.network import HeadShape, SpanTagger
from models.train.predict import predict
from models.train.score import Report, evaluate, raw

PICTURE = Path(__file__).parent.parent / "docs/season.svg"
ERRORS = 0.05
POISON, POISONED = 0.3, "budget_source"
ASIDE = 300  # notes kept aside for the gate
SEED = 7
EPOCHS_A_ROUND, RATE_A_ROUND = 1.5, 0.6  # of the notes labelled so far; of the recipe's rate
FIRST_EPOCHS = 12
SENT_AT = datetime.fromisoformat("2026-03-18T10:20+08:00")


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


@dataclass(slots=True)
class Season:
    """One arm: the model that serves, the one in training (ahead where the gate held), labelled notes, the rest."""

    config: TrainConfig
    start: Path
    tokenizer: Tokenizer
    aside: Sequence[Labelled]
    served: SpanTagger
    latest: SpanTagger
    labelled: dict[str, Labelled]
    pool: dict[str, Labelled]
    rng: random.Random
    points: list[dict[str, Any]] = field(default_factory=list)

    def train(self, notes: Sequence[Labelled], epochs: float, rate: float) -> SpanTagger:
        """The latest model trained on with `notes`; models that were there stay as they are."""
        scale = {"epochs": epochs, "rate": self.config.finetune.rate * rate,
                 "head_rate": self.config.finetune.head_rate * rate}  # fmt: skip
        tune = self.config.finetune.model_copy(update=scale)
        model, _ = finetune(deepcopy(self.latest), notes, self.tokenizer, tune, seed=SEED, progress=_tell)
        return model

    def gated(self, candidate: SpanTagger) -> bool:
        """Whether the gate lets the candidate serve."""
        old, new = (self.report(m, self.aside) for m in (self.served, candidate))
        passed = new.micro.f1 >= old.micro.f1 and not losses(
            {"fields": old.to_json()["fields"]}, {"fields": new.to_json()["fields"]}, self.config.gate.field_points
        )
        if passed:
            self.served = candidate
        return passed

    def report(self, model: SpanTagger, notes: Sequence[Labelled]) -> Report:
        found = predict(model, [n.text for n in notes], self.tokenizer)
        return evaluate(notes, raw(found), FIELDNOTE, {})


def _tell(stage: str, step: int, total: int, figures: dict[str, float]) -> None:
    if step % 25 == 0:
        print(f"  {stage} {step}/{total} {figures}", flush=True)


class TorchTagger:
    """A model in training as the engine's tagger."""

    digest = "in-training"

    def __init__(self, model: SpanTagger, tokenizer: Tokenizer) -> None:
        self.model, self.tokenizer = model, tokenizer

    def tag(self, text: str) -> Sequence[Candidate]:
        return self.tag_many([text])[0]

    def tag_many(self, texts: Sequence[str]) -> Sequence[Sequence[Candidate]]:
        found = predict(self.model, texts, self.tokenizer)
        return [
            [
                Candidate(f.field, Span(f.start, f.end), f.mass * f.share, "model:season", f.value, f.hedge < 0)
                for f in items
                if f.mass * f.share >= FLOOR
            ]
            for items in found
        ]


def at_random(season: Season, count: int) -> list[str]:
    """The order in which notes lie there."""
    return list(season.pool)[:count]


def by_queue(season: Season, count: int) -> list[str]:
    """What the shipped mix asks for, by the answers of rules and the model that serves, and by what reps turn down."""
    engine = Engine(load_contract(), tagger=TorchTagger(season.served, season.tokenizer))
    results = engine.extract_many([Note(n.id, n.text, SENT_AT) for n in season.pool.values()])
    pool = []
    for note, result in zip(season.pool.values(), results, strict=True):
        answer = result_json(result, explain=True)
        pool.append(Item(note.id, note.text, answer, _turned_down(answer["fields"], note)))
    done = [Item(n.id, n.text, {"fields": [{"field": m.field} for m in n.marks]}) for n in season.labelled.values()]
    return pick(pool, done, mix=default_mix(), count=count, seed=SEED)


def _turned_down(fields: Any, note: Labelled) -> int:
    """Suggestions on words that no gold mark of the field touches: those a rep rejects."""
    spans = [(f["field"], w["start"], w["end"]) for f in fields if f["basis"] == "stated" for w in f["evidence"]]
    return sum(not any(m.field == name and m.start < b and a < m.end for m in note.marks) for name, a, b in spans)


def begin(config: TrainConfig, notes: Sequence[Labelled], aside: Sequence[Labelled]) -> Season:
    """A model trained on a quarter of the notes, which an annotator marked with errors; the rest is the pool."""
    torch.manual_seed(SEED)
    rng = random.Random(SEED)
    start = config.root() / config.start
    tokenizer = Tokenizer.load(start / "vocab.txt")
    first = notes[: len(notes) // 4]
    fresh = SpanTagger.start_from(start, FIELDNOTE, HeadShape(dropout=config.finetune.dropout))
    labelled = {n.id: spoilt(n, rng, ERRORS) for n in first}
    season = Season(
        config, start, tokenizer, aside, fresh, fresh, labelled, {n.id: n for n in notes[len(first) :]}, rng
    )
    if first:
        season.served = season.latest = season.train(list(labelled.values()), FIRST_EPOCHS, 1.0)
    return season


def play(season: Season, choose: Callable[[Season, int], list[str]], held: Sequence[Labelled], rounds: int) -> None:
    """All rounds of one arm; each adds a point `{"annotated", "f1", "let_through"}`."""
    share = len(season.pool) // rounds
    season.points.append(_point(season, held, True))
    for number in range(rounds):
        chosen = choose(season, share if number < rounds - 1 else len(season.pool))
        for name in chosen:
            season.labelled[name] = spoilt(season.pool.pop(name), season.rng, ERRORS)
        season.latest = season.train(list(season.labelled.values()), EPOCHS_A_ROUND, RATE_A_ROUND)
        season.points.append(_point(season, held, season.gated(season.latest)))
        print(season.points[-1], flush=True)


def _point(season: Season, held: Sequence[Labelled], passed: bool) -> dict[str, Any]:
    served = season.report(season.served, held).micro.f1
    trained = served if passed else season.report(season.latest, held).micro.f1
    figures = {"f1": round(served, 4), "f1_in_training": round(trained, 4)}
    return {"annotated": len(season.labelled), **figures, "let_through": passed}


def needed(points: Sequence[Mapping[str, Any]], level: float) -> float | None:
    """Annotated notes at which the curve first reaches `level`, straight between points; None where it never does."""
    for before, after in pairwise(points):
        if before["f1"] >= level:
            return float(before["annotated"])
        if after["f1"] >= level:
            part = (level - before["f1"]) / (after["f1"] - before["f1"])
            return float(before["annotated"] + part * (after["annotated"] - before["annotated"]))
    return None


def poisoned(season: Season, held: Sequence[Labelled]) -> dict[str, Any]:
    """A round whose labels of one field are wrong in POISON of the cases: what the gate says, what then serves."""
    before = season.report(season.served, held).to_json()
    season.latest = season.served
    wrong = [spoilt(n, season.rng, POISON, POISONED) for n in season.labelled.values()]
    passed = season.gated(season.train(wrong, EPOCHS_A_ROUND, RATE_A_ROUND))
    after = season.report(season.served, held).to_json()
    return {"field": POISONED, "share": POISON, "let_through": passed, "before": before, "after": after}


def run(config: TrainConfig, count: int, rounds: int) -> dict[str, Any]:
    """Both arms, training on everything, and the poisoned round; saved as `loop.json` as it grows, and drawn."""
    notes = read_all(f for f in config.note_files() if f.name.startswith("t"))
    random.Random(SEED).shuffle(notes)
    held = read_notes(config.development_file())
    season = begin(config, notes[ASIDE : ASIDE + count], notes[:ASIDE])
    figures: dict[str, Any] = {"notes": count, "rounds": rounds, "annotator_errors": ERRORS}
    arms = {"queue": by_queue, "random": at_random}
    for name, choose in arms.items():
        arm = replace(
            season, labelled=dict(season.labelled), pool=dict(season.pool), points=[], rng=random.Random(SEED)
        )
        play(arm, choose, held, rounds)
        figures[name] = arm.points
        save("loop", figures)
        if name == "queue":
            figures["poisoned"] = poisoned(arm, held)
    lines(
        {n: [(p["annotated"], p["f1"]) for p in figures[n]] for n in arms}, PICTURE, x="annotated notes", y="micro F1"
    )
    whole = begin(config, [], [])
    whole.served = whole.train(notes[ASIDE : ASIDE + count], config.finetune.epochs, 1.0)
    final = figures["queue"][-1]["f1"]
    at = {name: needed(figures[name], 0.95 * final) for name in arms}
    figures |= {"all_at_once": round(whole.report(whole.served, held).micro.f1, 4), "annotated_for_95_percent": at}
    save("loop", figures)
    return figures


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("--notes", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    config = load_config(options.config)
    torch.set_num_threads(config.threads)
    print(run(config, options.notes, options.rounds))


if __name__ == "__main__":
    main()
