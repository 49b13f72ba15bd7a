"""How the score grows with the amount of labelled notes: what more labelling would buy.

    python -m benchmarks.learning models/configs/zh-notes-1.yaml 0.25 0.5

The model alone, fp32, micro F1 on the development notes at threshold 0.5, values taken as read; the whole amount is
the shipped bundle's own figure.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch

from benchmarks import RESULTS, save
from models.bundle import DEFAULT, load_bundle
from models.tokens import Tokenizer
from models.train.config import TrainConfig, load_config
from models.train.curve import lines
from models.train.marks import read_all, read_notes
from models.train.predict import predict
from models.train.run import tuned
from models.train.score import evaluate, raw

PICTURE = Path(__file__).parent.parent / "docs/learning.svg"


def point(config: TrainConfig, share: float) -> dict[str, Any]:
    """Fine-tune on a `share` of the notes; how many those are, and the score."""
    part = config.model_copy(update={"finetune": config.finetune.model_copy(update={"share": share})})
    start = config.root() / config.start
    tokenizer = Tokenizer.load(start / "vocab.txt")
    model, _ = tuned(part, start, tokenizer, progress=_tell)
    notes = read_notes(config.development_file())
    found = predict(model, [n.text for n in notes], tokenizer)
    count = int(len(read_all(config.note_files())) * share)
    return {"notes": count, **evaluate(notes, raw(found), model.labels, {}).micro.row()}


def _tell(stage: str, step: int, total: int, figures: dict[str, float]) -> None:
    if step % 50 == 0:
        print(f"{stage} {step}/{total} {figures}", flush=True)


def run(config: TrainConfig, shares: list[float]) -> None:
    """Add points to `learning.json` and draw them."""
    torch.set_num_threads(config.threads)
    file = RESULTS / "learning.json"
    points = json.loads(file.read_text(encoding="utf-8"))["points"] if file.is_file() else {}
    whole = load_bundle(DEFAULT).manifest.made["parity"]["f1_fp32"]
    points["1.0"] = {"notes": len(read_all(config.note_files())), "f1": whole}
    for share in shares:
        points[str(share)] = point(config, share)
        save("learning", {"epochs": config.finetune.epochs, "points": dict(sorted(points.items()))})
    curve = sorted((p["notes"], p["f1"]) for p in points.values())
    lines({"model alone": curve}, PICTURE, x="labelled notes", y="micro F1 on the development notes")


if __name__ == "__main__":
    run(load_config(Path(sys.argv[1])), [float(share) for share in sys.argv[2:]])
