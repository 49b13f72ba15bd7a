"""A simulated season: people label what the queue asks for, the model learns, a gate lets it through or not.

    FIELDNOTE_CORPUS=… FIELDNOTE_EVAL=… python -m benchmarks.loop models/configs/zh-notes-1.yaml [--notes N]

A model trained on a quarter of the labelled notes starts. In each round a queue picks from the notes not yet labelled,
a simulated annotator marks them from the gold with 5% errors, the model goes on with them and with those it knows, and
the gate compares it on notes kept aside; one that is held goes on once more. The same season with notes in random order
beside it, training on everything at once (marked by that annotator, and without errors), and a round of new notes with
30% wrong labels on one field. Reported: micro F1 on the development notes of the model alone, of what serves after the
gate. No round has seen those notes.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from annotation.doubts import doubts
from annotation.gate import Report, doubtful, judge
from annotation.queue import Item, Mix, default_mix, pick
from benchmarks import save
from benchmarks.simulated import TorchTagger, spoilt, turned_down
from extractor.contract import load_contract
from extractor.pipeline import Engine
from extractor.render import result_json
from extractor.types import Note
from models.decode import Found
from models.labels import FIELDNOTE
from models.tokens import Tokenizer
from models.train.config import TrainConfig, load_config
from models.train.curve import lines
from models.train.finetune import finetune
from models.train.marks import Labelled, read_all, read_notes
from models.train.network import HeadShape, SpanTagger
from models.train.predict import predict
from models.train.score import evaluate, raw

PICTURE = Path(__file__).parent.parent / "docs/season.svg"
SEED = 7
ERRORS = 0.05
POISON, POISONED = 0.3, "budget_source"
ASIDE, LAST = 400, 240  # notes kept aside for the gate; notes of the poisoned round
TOKENS = 650  # half of the recipe's batches: few notes, more steps
FIRST_EPOCHS, WHOLE_EPOCHS = 16, 8
ROUND_EPOCHS = 3  # of the new notes and all old ones
KEEP = 1 / 3  # of the weights before a round, averaged with those after it
THRESHOLDS = tuple(n / 20 for n in range(2, 16))
SENT_AT = datetime.fromisoformat("2026-03-18T10:20+08:00")


@dataclass(frozen=True, slots=True)
class Trained:
    """A model with its threshold (chosen on the notes kept aside) and its scores there and on the development notes."""

    model: SpanTagger
    threshold: float
    aside: Mapping[str, Any]
    held: Mapping[str, Any]

    @property
    def f1(self) -> float:
        return float(self.held["micro"]["f1"])


@dataclass(frozen=True, slots=True)
class Bench:
    """What all arms share."""

    config: TrainConfig
    tokenizer: Tokenizer
    aside: Sequence[Labelled]
    held: Sequence[Labelled]

    def train(self, start: SpanTagger, notes: Sequence[Labelled], epochs: float, keep: float = 0.0) -> Trained:
        """`start` trained on with `notes`, averaged with `keep` of itself; `start` stays as it is."""
        tune = self.config.finetune.model_copy(update={"epochs": epochs, "tokens": TOKENS, "keep": keep})
        model, _ = finetune(deepcopy(start), notes, self.tokenizer, tune, seed=SEED, progress=_tell)
        aside, held = (predict(model, [n.text for n in notes], self.tokenizer) for notes in (self.aside, self.held))
        threshold = max(THRESHOLDS, key=lambda t: _scores(self.aside, aside, t)["micro"]["f1"])
        return Trained(model, threshold, _scores(self.aside, aside, threshold), _scores(self.held, held, threshold))


def _scores(notes: Sequence[Labelled], found: Sequence[Sequence[Found]], threshold: float) -> dict[str, Any]:
    report = evaluate(notes, raw(found), FIELDNOTE, dict.fromkeys(FIELDNOTE.fields, threshold))
    return {"development": f"{len(notes)} notes", **report.to_json()}


def _tell(stage: str, step: int, total: int, figures: dict[str, float]) -> None:
    if step % 25 == 0:
        print(f"  {stage} {step}/{total} {figures}", flush=True)


@dataclass(slots=True)
class Season:
    """One arm: what serves, what is in training (ahead where the gate held it), the labelled notes, the rest."""

    bench: Bench
    served: Trained
    latest: Trained
    labelled: dict[str, Labelled]
    pool: dict[str, Labelled]
    rng: random.Random
    points: list[dict[str, Any]] = field(default_factory=list)

    def learn(self, fresh: Sequence[Labelled]) -> Report:
        """Go on with `fresh` notes and all known ones, ask the gate, go on once more where it held; its last report."""
        torch.manual_seed(SEED + len(self.labelled))  # not what its process happened to draw before
        for _ in range(2):
            self.latest = self.bench.train(self.latest.model, [*self.labelled.values(), *fresh], ROUND_EPOCHS, KEEP)
            report = judge(self.served.aside, self.latest.aside)
            print(" ", [(c.name, c.figure, c.limit) for c in report.refused], flush=True)
            if report.passed:
                self.served = self.latest
                break
        self.labelled |= {note.id: note for note in fresh}
        return report

    def point(self, report: Report | None) -> dict[str, Any]:
        """Where the arm stands."""
        held = [check.name for check in report.refused] if report else []
        figures = {"f1": round(self.served.f1, 4), "f1_in_training": round(self.latest.f1, 4)}
        return {"annotated": len(self.labelled), **figures, "let_through": not held, "held_by": held}

    def play(self, choose: Callable[[Season, int], list[str]], rounds: int) -> None:
        """All rounds; each adds a point."""
        share = len(self.pool) // rounds
        self.points.append(self.point(None))
        for number in range(rounds):
            report = self.turn(choose, share if number < rounds - 1 else len(self.pool))
            self.points.append(self.point(report))
            print(self.points[-1], flush=True)

    def turn(self, choose: Callable[[Season, int], list[str]], count: int) -> Report:
        """One round: `count` notes are chosen, marked by the annotator, and learnt."""
        return self.learn([spoilt(self.pool.pop(name), self.rng, ERRORS) for name in choose(self, count)])


def at_random(season: Season, count: int) -> list[str]:
    """The order in which notes lie there."""
    return list(season.pool)[:count]


def by_queue(season: Season, count: int, mix: Mix | None = None) -> list[str]:
    """What a mix (the shipped one) asks for, by the answers of rules and the model that serves, and by what reps turn
    down."""
    engine = Engine(load_contract(), tagger=TorchTagger(season.served.model, season.bench.tokenizer))
    results = engine.extract_many([Note(n.id, n.text, SENT_AT) for n in season.pool.values()])
    pool = []
    for note, result in zip(season.pool.values(), results, strict=True):
        answer = result_json(result, explain=True)
        pool.append(Item(note.id, note.text, answer, turned_down(answer["fields"], note)))
    done = [Item(n.id, n.text, {"fields": [{"field": m.field} for m in n.marks]}) for n in season.labelled.values()]
    return pick(pool, done, mix=mix or default_mix(), count=count, seed=SEED, f1=_fields(season.served.aside))


def needed(points: Sequence[Mapping[str, Any]], level: float) -> float | None:
    """Annotated notes at which the curve first reaches `level`, straight between points; None where it never does."""
    for before, after in pairwise(points):
        if before["f1"] >= level:
            return float(before["annotated"])
        if after["f1"] >= level:
            part = (level - before["f1"]) / (after["f1"] - before["f1"])
            return float(before["annotated"] + part * (after["annotated"] - before["annotated"]))
    return None


def poisoned(season: Season, notes: Sequence[Labelled], share: float) -> dict[str, Any]:
    """A round of new notes with a `share` of one field's labels wrong: what is said before training, and by the gate
    if somebody trained all the same."""
    wrong = [spoilt(note, season.rng, share, POISONED) for note in notes]
    tagger = TorchTagger(season.served.model, season.bench.tokenizer)
    before = doubtful(doubts(wrong, tagger.tag_many([n.text for n in wrong])))
    arm = replace(season, labelled=dict(season.labelled), latest=season.served, points=[])
    report = arm.learn(wrong)
    old, new = (_fields(trained.held) for trained in (season.served, arm.latest))
    return {
        "field": POISONED, "share": share, "notes": len(notes),
        "held_before_training": [c.name for c in before.refused], "checks": before.to_json()["checks"],
        "gate_after_training": [c.name for c in report.refused], "before": old, "if_trained": new,
    }  # fmt: skip


def _fields(scores: Mapping[str, Any]) -> dict[str, float]:
    return {name: row["f1"] for name, row in scores["fields"].items()}


def parts(config: TrainConfig, count: int) -> tuple[list[Labelled], list[Labelled], list[Labelled]]:
    """All labelled notes, shuffled: those kept aside, those of the season, those of the poisoned round."""
    notes = read_all(f for f in config.note_files() if f.name.startswith("t"))
    random.Random(SEED).shuffle(notes)
    return notes[:ASIDE], notes[ASIDE:-LAST][:count], notes[-LAST:]


def bench_of(config: TrainConfig, aside: Sequence[Labelled]) -> Bench:
    """What all arms share."""
    tokenizer = Tokenizer.load(config.root() / config.start / "vocab.txt")
    return Bench(config, tokenizer, aside, read_notes(config.development_file()))


def start(config: TrainConfig, count: int) -> Season:
    """A season whose model knows a quarter of the notes, marked by the annotator."""
    aside, work, _ = parts(config, count)
    rng, bench = random.Random(SEED), bench_of(config, aside)
    labelled = {n.id: spoilt(n, rng, ERRORS) for n in work[: len(work) // 4]}
    first = bench.train(_blank(config), list(labelled.values()), FIRST_EPOCHS)
    return Season(bench, first, first, labelled, {n.id: n for n in work[len(work) // 4 :]}, rng)


def at_once(config: TrainConfig, count: int, errors: float) -> float:
    """F1 of training on all notes of the season at once, marked with so many errors."""
    aside, work, _ = parts(config, count)
    rng, bench = random.Random(SEED), bench_of(config, aside)
    whole = bench.train(_blank(config), [spoilt(n, rng, errors) for n in work], WHOLE_EPOCHS)
    return round(whole.f1, 4)


def queue_arm(season: Season, config: TrainConfig, count: int, rounds: int) -> dict[str, Any]:
    """The notes that the queue asks for, then the poisoned round and the same one as it should have been."""
    _, _, last = parts(config, count)
    season.play(by_queue, rounds)
    spoiled = {"poisoned": poisoned(season, last, POISON), "same_round_clean": poisoned(season, last, ERRORS)}
    return {"queue": season.points, **spoiled}


def random_arm(season: Season, rounds: int) -> dict[str, Any]:
    """Beside it, the notes in the order in which they lie there."""
    season.play(at_random, rounds)
    return {"random": season.points}


def _blank(config: TrainConfig) -> SpanTagger:
    torch.manual_seed(SEED)
    shape = HeadShape(dropout=config.finetune.dropout)
    return SpanTagger.start_from(config.root() / config.start, FIELDNOTE, shape)


def workers(config: TrainConfig, jobs: int) -> ProcessPoolExecutor:
    """Processes for so many trainings at a time, each with the recipe's threads."""
    return ProcessPoolExecutor(jobs, get_context("spawn"), torch.set_num_threads, (config.threads,))


def run(config: TrainConfig, count: int, rounds: int, jobs: int) -> dict[str, Any]:
    """Both arms, the poisoned round and training on everything, `jobs` at a time; saved as `loop.json` and drawn."""
    notes = len(parts(config, count)[1])
    figures: dict[str, Any] = {"notes": notes, "rounds": rounds, "annotator_errors": ERRORS, "seed": SEED}
    with workers(config, jobs) as pool:
        first = pool.submit(start, config, count)
        clean = pool.submit(at_once, config, count, 0.0)
        season = first.result()
        arms = [
            pool.submit(queue_arm, replace(season, rng=random.Random(SEED)), config, count, rounds),
            pool.submit(random_arm, replace(season, rng=random.Random(SEED)), rounds),
        ]
        marked = pool.submit(at_once, config, count, ERRORS)
        for arm in arms:
            figures |= arm.result()
        figures |= {"all_at_once": clean.result(), "all_at_once_with_errors": marked.result()}
    level = 0.95 * figures["queue"][-1]["f1"]
    figures["annotated_for_95_percent"] = {name: needed(figures[name], level) for name in ("queue", "random")}
    save("loop", figures)
    curves = {n: [(p["annotated"], p["f1"]) for p in figures[n]] for n in ("queue", "random")}
    lines(curves, PICTURE, x="annotated notes", y="micro F1")
    return figures


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("--notes", type=int, default=10_000, help="at most so many of the labelled notes")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=2, help="trainings beside each other, one processor each")
    options = parser.parse_args()
    print(run(load_config(options.config), options.notes, options.rounds, options.jobs))


if __name__ == "__main__":
    main()
