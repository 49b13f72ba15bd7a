"""Do weak labels pay? The same notes and steps with and without sentences that rules marked.

    python -m benchmarks.weak models/configs/zh-notes-1.yaml none rules judged [--share 0.25] [--steps 250]

The model alone, fp32, on the even-numbered development notes at threshold 0.5, values taken as read. `judged` drops
what the model of the arm `none` does not believe, so it must have run before.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks import RESULTS, save
from benchmarks.simulated import TorchTagger
from extractor.pipeline import load_engine
from models.labels import FIELDNOTE
from models.tokens import Tokenizer
from models.train.batches import by_length
from models.train.config import TrainConfig, WeakConfig, load_config
from models.train.marks import Labelled, read_all, read_notes
from models.train.network import SpanTagger
from models.train.predict import predict
from models.train.run import restored, tuned
from models.train.score import evaluate, raw
from models.train.weak import Weak, load_weak, save_weak, weak_notes

ARMS = ("none", "rules", "judged")
CUTS = (0.1, 0.2, 0.3, 0.4)
WANTED = WeakConfig(marked=1500, negatives=300)


def run(config: TrainConfig, arms: Sequence[str], *, share: float, steps: int) -> None:
    """Train each arm and add its row to `weak.json`; weights and sentences stay in the run's folder."""
    torch.set_num_threads(config.threads)
    folder = config.runs / "weak"
    folder.mkdir(parents=True, exist_ok=True)
    start = config.below(config.start)
    tokenizer = Tokenizer.load(start / "vocab.txt")
    notes = _chosen(config, share)
    batches = len(by_length(notes, config.finetune.tokens, random.Random(0)))
    tune = config.finetune.model_copy(update={"share": share, "epochs": (steps + 0.5) / batches})
    config = config.model_copy(update={"finetune": tune, "weak": WANTED})
    for arm in arms:
        weak = _sentences(config, arm, notes, folder, tokenizer)
        model, _ = tuned(config, start, tokenizer, weak=weak.notes, progress=_tell)
        torch.save(model.state_dict(), folder / f"{arm}.pt")
        row = {"arm": arm, "share": share, "notes": len(notes), "steps": steps, "weak": _counts(weak)}
        _add(row | _score(model, tokenizer, config))


def _chosen(config: TrainConfig, share: float) -> list[Labelled]:
    """The notes that `tuned` takes, so that rules are trusted by no others."""
    notes = read_all(config.note_files())
    return random.Random(config.seed).sample(notes, int(len(notes) * share))


def _sentences(config: TrainConfig, arm: str, notes: list[Labelled], folder: Path, tokenizer: Tokenizer) -> Weak:
    if arm == "none":
        return Weak()
    file = folder / f"{arm}.jsonl"
    if not file.exists():
        judge = None
        if arm == "judged":
            judge = TorchTagger(restored(config.below(config.start), folder / "none.pt", config), tokenizer)
        engine, raw_text = load_engine(), config.below(config.raw_text)
        save_weak(weak_notes(engine, notes, raw_text, config.weak, seed=config.seed, judge=judge), file)
    return load_weak(file)


def _counts(weak: Weak) -> dict[str, Any]:
    return {k: v for k, v in weak.story.items() if k not in ("sources", "rules")}


def _score(model: SpanTagger, tokenizer: Tokenizer, config: TrainConfig) -> dict[str, Any]:
    notes = [n for n in read_notes(config.development_file()) if int("".join(filter(str.isdigit, n.id))) % 2 == 0]
    found = raw(predict(model, [n.text for n in notes], tokenizer))
    report = evaluate(notes, found, FIELDNOTE, {})
    cuts = {cut: evaluate(notes, found, FIELDNOTE, dict.fromkeys(FIELDNOTE.fields, cut)).micro.row() for cut in CUTS}
    fields = {name: tally.row() for name, tally in sorted(report.fields.items())}
    return {"micro": report.micro.row(), "by_threshold": cuts, "fields": fields}


def _add(row: dict[str, Any]) -> None:
    file = RESULTS / "weak.json"
    rows = json.loads(file.read_text(encoding="utf-8"))["rows"] if file.is_file() else []
    rows = [r for r in rows if (r["arm"], r["share"], r["steps"]) != (row["arm"], row["share"], row["steps"])]
    save("weak", {"rows": [*rows, row]})


def _tell(stage: str, step: int, total: int, figures: dict[str, float]) -> None:
    if step % 25 == 0:
        print(f"{stage} {step}/{total} {figures}", flush=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("arms", nargs="+", choices=ARMS)
    parser.add_argument("--share", type=float, default=0.25)
    parser.add_argument("--steps", type=int, default=250)
    options = parser.parse_args()
    run(load_config(options.config), options.arms, share=options.share, steps=options.steps)


if __name__ == "__main__":
    main()
