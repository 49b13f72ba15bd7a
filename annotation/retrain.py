"""Retraining: what people said, frozen as a data set → a candidate → the gate → the registry.

Labels that contradict what the serving model is sure of are refused before anything is trained. Weights go on from the
run that made the incumbent. Every step leaves its result in the run's folder, so a retraining that was stopped goes on
where it was; a candidate that the gate refuses stays there and is never registered.
Needs the extra `train`; imported by the command that trains, never by the server.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from annotation import gate
from annotation.dataset import Frozen, Plan, freeze, save
from annotation.doubts import doubts
from annotation.gate import Limits, Report
from annotation.records import Record, gold_line
from annotation.regression import load_cases, run
from extractor.contract import Contract, load_contract
from extractor.errors import ModelError
from extractor.pipeline import Engine, Tagger
from models.bundle import load_bundle, sha256, write_manifest
from models.fusion import load_fusion
from models.registry import Registry
from models.tagger import load_tagger
from models.train.config import TrainConfig
from models.train.evaluate import evaluate
from models.train.finetune import Progress
from models.train.gold import GoldNote, read_gold
from models.train.marks import read_notes
from models.train.run import train
from models.train.seal import split

TIMED, ROUNDS = 40, 5
HELD_OUT = 50  # whole notes of the tenant from which on they are a second check of the gate
PEOPLE = "people.jsonl"  # of the same text in two files, training takes the first by name
OWN = "own."  # before the names of that check's questions
Collect = Callable[[], Iterable[Record]]  # what people said, note by note


@dataclass(frozen=True, slots=True)
class Work:
    """One retraining: the recipe, the bundle that serves, the name of the candidate, where accepted ones go."""

    config: TrainConfig
    incumbent: Path
    version: str
    registry: Path
    tenant: str | None = None

    @property
    def folder(self) -> Path:
        return self.config.runs / self.version

    @property
    def dataset(self) -> Path:
        """Folder of the frozen data set."""
        return self.folder / "dataset"


@dataclass(frozen=True, slots=True)
class Made:
    """What came of it: the gate's report, and whether the candidate is in the registry now."""

    version: str
    incumbent: str
    report: Report
    data: dict[str, Any]

    @property
    def registered(self) -> bool:
        return self.report.passed


def retrain(work: Work, collect: Collect, *, progress: Progress) -> Made:
    """The whole way. `progress(step, at, of, figures)` may raise to stop it; run again, it goes on.

    Raises ModelError where the recipe cannot be followed: no corpus, no notes, another network.
    """
    name = load_bundle(work.incumbent).manifest.name
    work.folder.mkdir(parents=True, exist_ok=True)
    progress("dataset", 0, 1, {})
    data = _frozen(work, collect)
    report = labelled(work)
    if not report.refused:
        report = Report((*report.checks, *_trained(work, recipe(work, name), progress).checks))
    (work.folder / "gate.json").write_text(json.dumps(report.to_json(), ensure_ascii=False, indent=1), encoding="utf-8")
    if report.passed:
        progress("register", 0, 1, {})
        _stamp(work.folder / "bundle", data)
        Registry(work.registry).add(work.folder / "bundle")
    return Made(work.version, name, report, data)


def _trained(work: Work, config: TrainConfig, progress: Progress) -> Report:
    try:
        train(config, progress=progress)
    except ModelError as error:
        if not (work.folder / "int8.onnx").exists():  # the recipe, not the candidate, is at fault
            raise
        return gate.refusal("export", str(error))
    return measured(work, config, progress)


def recipe(work: Work, incumbent: str) -> TrainConfig:
    """The recipe of this run: the base's, on the incumbent's weights where its run is still there, with the new notes.

    The bundle is sealed into a registry of the run's own: the gate comes before the real one.
    """
    before = work.config.runs / incumbent / "weights.pt"
    fresh = work.folder / PEOPLE
    notes = (*work.config.own_notes, str(fresh.absolute())) if fresh.stat().st_size else work.config.own_notes
    return work.config.model_copy(
        update={
            "name": work.version, "tenant": work.tenant, "own_notes": notes, "registry": work.folder / "staged",
            "weights": before if before.exists() else work.config.weights,
        }
    )  # fmt: skip


def _frozen(work: Work, collect: Collect) -> dict[str, Any]:
    """The notes people labelled, frozen with the run: going on after a stop trains on the same."""
    told = work.dataset / "dataset.json"
    if not told.exists():
        save(divided(collect()), work.dataset)
    shutil.copyfile(work.dataset / "train.jsonl", work.folder / PEOPLE)
    data: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))
    return data


def divided(records: Iterable[Record]) -> Frozen:
    """Records that teach anything, with a part to test on where it holds HELD_OUT whole notes; else all of them teach.

    Raises LeakError.
    """
    taught = [r for r in records if r.complete or gold_line(r)["fields"]]
    if sum(r.complete for r in taught) >= HELD_OUT and len({r.customer for r in taught}) > 1:
        frozen = freeze(taught)
        if frozen.facts["test"]["complete"] >= HELD_OUT:
            return frozen
    return freeze(taught, Plan(test=0))


def labelled(work: Work) -> Report:
    """May the new labels teach? Empty where the serving model is sure of nothing in them."""
    notes = read_notes(work.dataset / "train.jsonl")
    found = load_tagger(work.incumbent).tag_many([note.text for note in notes])
    return gate.doubtful(doubts(notes, found))


def _stamp(folder: Path, data: dict[str, Any]) -> None:
    """The manifest says which data set taught it."""
    bundle = load_bundle(folder)
    made = {**bundle.manifest.made, "dataset": {name: data[name] for name in ("digest", "plan", "notes")}}
    write_manifest(folder, bundle.manifest.name, bundle.labels, made=made, scores=bundle.manifest.scores)


def measured(work: Work, config: TrainConfig, progress: Progress) -> Report:
    """Candidate and incumbent on the same notes, cases and processor, and what the gate says.

    Where the data set has a part to test on, the gate's questions about scores are asked on it too (`own.…`).
    """
    contract, file = load_contract(), config.development_file()
    _, notes = split(read_gold(file, contract))
    own = held_out(work.dataset / "test.jsonl", contract)
    folders = (work.incumbent, work.folder / "bundle")
    engines = [Engine(contract, tagger=load_tagger(f), calibrator=load_fusion(f / "calibrator.json")) for f in folders]
    cases, scores, seconds, outcomes = load_cases(), [], [], []
    for at, engine in enumerate(engines):
        progress("gate", at, 3, {})
        scores.append(_scores(engine, notes, file))
        seconds.append(evaluate(engine, own) if own else {})
        outcomes.append(run(engine, cases))
    progress("gate", 2, 3, {})
    taggers = [engine.tagger for engine in engines if engine.tagger is not None]
    limits = Limits(
        field_points=config.gate.field_points, micro_points=config.gate.f1_points, spans=config.gate.spans,
        export_points=config.gate.f1_points, slower=config.gate.slower,
    )  # fmt: skip
    report = gate.judge(
        scores[0],
        scores[1],
        regression=(outcomes[0], outcomes[1]),
        parity=load_bundle(folders[1]).manifest.made["parity"],
        times=slowdown(taggers[1], taggers[0], [n.note.text for n in notes[:TIMED]]),
        limits=limits,
    )
    second = gate.judge(seconds[0], seconds[1], limits=limits).checks if own else ()
    return Report((*report.checks, *(replace(check, name=OWN + check.name) for check in second)))


def held_out(file: Path, contract: Contract) -> list[GoldNote]:
    """The whole notes of a data set's test part: of the others nobody said what else is in them."""
    rows = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    whole = {row["id"] for row in rows if row["complete"]}
    return [note for note in read_gold(file, contract) if note.note.id in whole]


def _scores(engine: Engine, notes: Sequence[GoldNote], file: Path) -> dict[str, Any]:
    return {"development": sha256(file), **evaluate(engine, notes)}


def slowdown(tagger: Tagger, incumbent: Tagger, texts: Sequence[str]) -> float:
    """Time of one tagger over that of another, one text a call on this thread, taking turns text by text.

    Counted is this thread's processor time, and of each text its best round: what else the machine does stays out.
    """
    total = [0.0, 0.0]
    for text in texts:
        best = [float("inf"), float("inf")]
        for _ in range(ROUNDS):
            for at, each in enumerate((tagger, incumbent)):
                start = time.thread_time()
                each.tag(text)
                best[at] = min(best[at], time.thread_time() - start)
        total = [before + more for before, more in zip(total, best, strict=True)]
    return total[0] / total[1]
