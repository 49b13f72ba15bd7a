"""Rules, model and both on the development notes; how far confidences can be believed; time of the model.

Every note is scored by a fusion that was fitted on the other half of the notes, so that no note vouches for itself.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import RESULTS, evaluation, save
from extractor.contract import Contract, load_contract
from extractor.pipeline import Engine, Tagger
from extractor.types import Note, Result
from models.bundle import DEFAULT, load_bundle
from models.fusion import load_fusion
from models.tagger import OnnxTagger
from models.train import fuse
from models.train.evaluate import score
from models.train.gold import GoldNote, read_gold
from models.train.seal import split, without_rules

START = """
import re, time
began = time.process_time()
from service.engine import open_engine
engine = open_engine()
ready = time.process_time() - began
from models.bundle import DEFAULT, load_bundle
from models.tagger import OnnxTagger
bundle, began = load_bundle(DEFAULT), time.process_time()
OnnxTagger(bundle)
peak = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())  # ru_maxrss counts the parent's, too
print(ready, time.process_time() - began, int(peak[1]) / 1024)
"""

LENGTH = 45  # characters of the notes whose time is taken
COUNTS = (200, 2_000, 20_000)
ROUNDS = 3


def run(*, bundle: Path = DEFAULT, folder: Path | None = None, timed: bool = True) -> dict[str, Any]:
    """All figures; saved as `tagger.json`. Without `timed` the times of the last run stay, if it ran the same model."""
    sealed, contract = load_bundle(bundle), load_contract()
    tagger = OnnxTagger(sealed)
    halves = split(read_gold(evaluation(folder) / "notes/dv.jsonl", contract))
    notes = [note for half in halves for note in half]
    fields = contract.fields
    scores = {
        "rules": score(fields, notes, Engine(contract).extract_many([n.note for n in notes])),
        "model": score(fields, notes, crossed(without_rules(contract), tagger, halves)),
        "both": score(fields, notes, crossed(contract, tagger, halves)),
    }
    engine = Engine(contract, tagger=tagger, calibrator=load_fusion(bundle / "calibrator.json"))
    result = {
        "bundle": sealed.manifest.name,
        "digest": sealed.digest,
        "model": sealed.manifest.files["model.onnx"],
        "parity": sealed.manifest.made["parity"],
        "scores": scores,
    }
    kept = None if timed else _last(result["model"])
    result["time"] = kept or times(engine, tagger, [n.note for n in notes])
    save("tagger", result)
    return result


def _last(model: str) -> dict[str, Any] | None:
    """The times of the last run, if they are of this model."""
    file = RESULTS / "tagger.json"
    last = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return last["time"] if last.get("model") == model else None


def crossed(contract: Contract, tagger: Tagger, halves: Sequence[Sequence[GoldNote]]) -> list[Result]:
    """Results of both halves, each with the fusion fitted on the other."""
    results: list[Result] = []
    for report, tune in (halves, halves[::-1]):
        engine = Engine(contract, tagger=tagger, calibrator=fuse.fit(contract, tagger, tune))
        results += engine.extract_many([n.note for n in report])
    return results


def times(engine: Engine, tagger: OnnxTagger, notes: Sequence[Note]) -> dict[str, Any]:
    """Milliseconds on one thread: processor time of notes of LENGTH characters, and per note in bulk."""
    text = "。".join(n.text for n in notes)
    short = [replace(notes[0], text=text[at : at + LENGTH]) for at in range(0, 200 * LENGTH, LENGTH)]
    whole = _each(engine.extract, short)
    model = _each(lambda note: list(tagger.run_model([note.text])), short)
    alone = _once(lambda: [engine.extract(n) for n in notes])
    return {
        "characters": LENGTH,
        "note_ms": _figures(whole),
        "model_call_ms": _figures(model),
        "around_the_model": round(1 - sum(model) / sum(whole), 3),
        "bulk_gain": round(alone / _once(lambda: list(engine.extract_many(notes))), 2),
        "bulk_ms_per_note": {str(n): _bulk(engine, notes, n) for n in COUNTS},
        "start": _start(),
    }


def _start() -> dict[str, float]:
    """Processor seconds until a fresh process has an engine, and for the model alone; its greatest memory."""
    runs = [subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, check=True) for _ in range(3)]
    ready, model, memory = zip(*(map(float, done.stdout.split()) for done in runs), strict=True)
    return {"ready_s": round(min(ready), 2), "model_s": round(min(model), 3), "resident_mb": round(max(memory))}


def _each(call: Callable[[Note], object], notes: Sequence[Note]) -> list[float]:
    """Per note the least of ROUNDS, in milliseconds of this process."""
    rounds = []
    for _ in range(ROUNDS + 1):
        taken = []
        for note in notes:
            start = time.process_time_ns()
            call(note)
            taken.append((time.process_time_ns() - start) / 1e6)
        rounds.append(taken)
    return [min(each) for each in zip(*rounds[1:], strict=True)]


def _once(call: Callable[[], object]) -> float:
    """Least of ROUNDS, in milliseconds of this process."""
    taken = []
    for _ in range(ROUNDS):
        start = time.process_time_ns()
        call()
        taken.append((time.process_time_ns() - start) / 1e6)
    return min(taken)


def _bulk(engine: Engine, notes: Sequence[Note], count: int) -> float:
    batch = [notes[i % len(notes)] for i in range(count)]
    start = time.process_time_ns()
    for _ in engine.extract_many(batch):
        pass
    return round((time.process_time_ns() - start) / 1e6 / count, 3)


def _figures(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "mean": round(statistics.mean(values), 3),
        "p50": round(statistics.median(values), 3),
        "p99": round(ordered[int(0.99 * (len(ordered) - 1))], 3),
    }


if __name__ == "__main__":
    run(timed="--scores-only" not in sys.argv)
