"""The encoder on a public task: fine-tuned on CLUENER train, entity F1 on its development set.

    python -m benchmarks.cluener CLUENER_FOLDER ENCODER_FOLDER

Published beside it (Xu et al., 2020, arXiv:2001.04351): BiLSTM-CRF 70.0, BERT-base 78.8, RoBERTa-wwm-large 80.4,
a person 63.4.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks import save
from models.decode import Found
from models.labels import Labels
from models.tokens import Tokenizer
from models.train.config import AugmentConfig, FinetuneConfig
from models.train.finetune import finetune
from models.train.marks import Labelled, Mark
from models.train.network import HeadShape, SpanTagger
from models.train.predict import predict

LABELS = Labels(
    ("address", "book", "company", "game", "government", "movie", "name", "organization", "position", "scene"), {}
)
PUBLISHED = {"BiLSTM-CRF": 70.0, "BERT-base": 78.8, "RoBERTa-wwm-large-ext": 80.4, "human": 63.4}
NO_CHANGES = AugmentConfig(swap=0, digits=0, bare=0, join=0, slip=0)


def read(file: Path) -> list[Labelled]:
    """JSON lines `{"text", "label": {type: {mention: [[first, last], ...]}}}`; last is inclusive."""
    notes = []
    for n, line in enumerate(file.read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        marks = [
            Mark(kind, ".", first, last + 1)
            for kind, mentions in row["label"].items()
            for places in mentions.values()
            for first, last in places
        ]
        notes.append(Labelled(str(n), row["text"], tuple(marks), file.stem))
    return notes


def exact(notes: Sequence[Labelled], found: Sequence[Sequence[Found]]) -> dict[str, Any]:
    """Strict entity precision, recall and F1 (type and both ends), all types together and each."""
    right, given, gold = Counter[str](), Counter[str](), Counter[str]()
    for note, items in zip(notes, found, strict=True):
        ours = {(f.field, f.start, f.end) for f in items if f.mass >= 0.5}
        theirs = {(m.field, m.start, m.end) for m in note.marks}
        right.update(kind for kind, _, _ in ours & theirs)
        given.update(kind for kind, _, _ in ours)
        gold.update(kind for kind, _, _ in theirs)
    return {
        "micro": _row(right.total(), given.total(), gold.total()),
        "types": {kind: _row(right[kind], given[kind], gold[kind]) for kind in sorted(gold)},
    }


def _row(right: int, given: int, gold: int) -> dict[str, float]:
    p, r = right / max(1, given), right / max(1, gold)
    return {"p": round(p, 4), "r": round(r, 4), "f1": round(2 * right / max(1, given + gold), 4), "gold": gold}


def run(data: Path, encoder: Path, *, epochs: float, seed: int = 7) -> dict[str, Any]:
    """Fine-tune and measure; saved as `cluener.json`."""
    torch.manual_seed(seed)
    config = FinetuneConfig(epochs=epochs, near=1.0, soft=(), value_weight=0, hedge_weight=0, augment=NO_CHANGES)
    tokenizer = Tokenizer.load(encoder / "vocab.txt")
    model = SpanTagger.start_from(encoder, LABELS, HeadShape(dropout=config.dropout))
    start = time.process_time()

    def tell(stage: str, step: int, total: int, figures: dict[str, float]) -> None:
        if step % 50 == 0:
            print(f"{stage} {step}/{total} {figures}", flush=True)

    trained, _ = finetune(model, read(data / "train.json"), tokenizer, config, seed=seed, progress=tell)
    notes = read(data / "dev.json")
    result = {
        "epochs": epochs,
        "parameters": sum(p.numel() for p in trained.parameters()),
        "processor_minutes": round((time.process_time() - start) / 60, 1),
        "published_f1": PUBLISHED,
        **exact(notes, predict(trained, [n.text for n in notes], tokenizer)),
    }
    save("cluener", result)
    return result


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("encoder", type=Path)
    parser.add_argument("--epochs", type=float, default=4)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(json.dumps(run(options.data, options.encoder, epochs=options.epochs), ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
