"""Retraining: what people said → a candidate → the gate → the registry.

Weights go on from the run that made the incumbent. Every step leaves its result in the run's folder, so a retraining
that was stopped goes on where it was; a candidate that the gate refuses stays there and is never registered.
Needs the extra `train`; imported by the command that trains, never by the server.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotation import gate
from annotation.gate import Limits, Report
from annotation.regression import load_cases, run
from extractor.contract import load_contract
from extractor.errors import ModelError
from extractor.pipeline import Engine, Tagger
from models.bundle import load_bundle, sha256
from models.fusion import load_fusion
from models.registry import Registry
from models.tagger import load_tagger
from models.train.config import TrainConfig
from models.train.evaluate import evaluate
from models.train.finetune import Progress
from models.train.gold import GoldNote, read_gold
from models.train.run import train
from models.train.seal import split

TIMED, ROUNDS = 40, 5
Collect = Callable[[Path], dict[str, Any]]  # writes labelled notes to the file, says what they are


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
    data = _collected(work, collect)
    config = recipe(work, name)
    try:
        train(config, progress=progress)
    except ModelError as error:
        if not (work.folder / "int8.onnx").exists():  # the recipe, not the candidate, is at fault
            raise
        report = gate.refusal("export", str(error))
    else:
        report = measured(work, config, progress)
    (work.folder / "gate.json").write_text(json.dumps(report.to_json(), ensure_ascii=False, indent=1), encoding="utf-8")
    if report.passed:
        progress("register", 0, 1, {})
        Registry(work.registry).add(work.folder / "bundle")
    return Made(work.version, name, report, data)


def recipe(work: Work, incumbent: str) -> TrainConfig:
    """The recipe of this run: the base's, on the incumbent's weights where its run is still there, with the new notes.

    The bundle is sealed into a registry of the run's own: the gate comes before the real one.
    """
    before = work.config.runs / incumbent / "weights.pt"
    fresh = work.folder / "people.jsonl"
    notes = (*work.config.own_notes, str(fresh.absolute())) if fresh.stat().st_size else work.config.own_notes
    return work.config.model_copy(
        update={
            "name": work.version, "tenant": work.tenant, "own_notes": notes, "registry": work.folder / "staged",
            "weights": before if before.exists() else work.config.weights,
        }
    )  # fmt: skip


def _collected(work: Work, collect: Collect) -> dict[str, Any]:
    """The notes people labelled, frozen with the run: going on after a stop trains on the same."""
    told = work.folder / "people.json"
    if not told.exists():
        story = collect(work.folder / "people.jsonl")
        told.write_text(json.dumps(story, ensure_ascii=False), encoding="utf-8")
    data: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))
    return data


def measured(work: Work, config: TrainConfig, progress: Progress) -> Report:
    """Candidate and incumbent on the same notes, cases and processor, and what the gate says."""
    contract, file = load_contract(), config.development_file()
    _, notes = split(read_gold(file, contract))
    folders = (work.incumbent, work.folder / "bundle")
    engines = [Engine(contract, tagger=load_tagger(f), calibrator=load_fusion(f / "calibrator.json")) for f in folders]
    cases, scores, outcomes = load_cases(), [], []
    for at, engine in enumerate(engines):
        progress("gate", at, 3, {})
        scores.append(_scores(engine, notes, file))
        outcomes.append(run(engine, cases))
    progress("gate", 2, 3, {})
    taggers = [engine.tagger for engine in engines if engine.tagger is not None]
    return gate.judge(
        scores[0],
        scores[1],
        regression=(outcomes[0], outcomes[1]),
        parity=load_bundle(folders[1]).manifest.made["parity"],
        times=slowdown(taggers[1], taggers[0], [n.note.text for n in notes[:TIMED]]),
        limits=Limits(
            field_points=config.gate.field_points, micro_points=config.gate.f1_points, spans=config.gate.spans,
            export_points=config.gate.f1_points, slower=config.gate.slower,
        ),
    )  # fmt: skip


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
