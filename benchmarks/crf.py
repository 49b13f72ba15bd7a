"""The other head that was considered: BIO tags and a CRF in place of scored spans, on the same encoder and notes.

    python -m benchmarks.crf models/configs/zh-notes-1.yaml 0.25 [--kind flat|layers]

`flat` is the usual one layer of tags (field and enum value in the tag); of marks that overlap it can hold one, the
longest. `layers` gives each field a layer of its own (B, I, O; transitions shared) and takes enum values and
certainty from the value head of the shipped network, so that overlaps of different fields are kept.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torchcrf import CRF
from transformers import AutoModel

from benchmarks import RESULTS, save
from models.decode import Found
from models.labels import FIELDNOTE
from models.tokens import Tokenizer
from models.train.augment import Augmenter, Odds
from models.train.batches import Batch, Collator, by_length
from models.train.config import TrainConfig, load_config
from models.train.finetune import Average, hidden_characters, optimizer_for, schedule
from models.train.losses import hedge_loss, span_values, value_loss
from models.train.marks import Labelled, Mark, read_all, read_notes
from models.train.score import evaluate, raw

OUTSIDE, BEGIN = 0, 1  # inside is the begin tag + 1
FLAT = [(f, v) for f in FIELDNOTE.fields for v in FIELDNOTE.values.get(f, (None,))]


class CrfTagger(nn.Module):
    """`[batch, length]` ids → emissions `[batch, layers, length, tags]` and the value parts of the span network."""

    def __init__(self, encoder: Any, kind: str, dropout: float) -> None:
        super().__init__()
        width = encoder.config.hidden_size
        self.encoder, self.kind, self.labels = encoder, kind, FIELDNOTE
        self.layers, self.tags = (len(FIELDNOTE.fields), 3) if kind == "layers" else (1, 1 + 2 * len(FLAT))
        self.dropout = nn.Dropout(dropout)
        self.emit = nn.Linear(width, self.layers * self.tags)
        self.hidden = nn.Linear(width, 192)
        self.parts = nn.Linear(192, 3 * FIELDNOTE.width)
        self.crf = CRF(self.tags, batch_first=True)

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.dropout(self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state)
        emissions = self.emit(hidden).unflatten(-1, (self.layers, self.tags)).transpose(1, 2)
        return emissions, self.parts(self.dropout(nn.functional.gelu(self.hidden(hidden))))

    def gold(self, batch: Batch) -> Tensor:
        """Tags `[batch, layers, length]`."""
        tags = torch.zeros(len(batch.notes), self.layers, batch.ids.shape[1], dtype=torch.long)
        for row, note in enumerate(batch.notes):
            for mark in sorted(note.marks, key=lambda m: m.start - m.end):
                layer, begin = self._tag(mark)
                cells = tags[row, layer, mark.start + 1 : mark.end + 1]
                if not cells.any():
                    cells[0] = begin
                    cells[1:] = begin + 1
        return tags

    def _tag(self, mark: Mark) -> tuple[int, int]:
        if self.kind == "layers":
            return FIELDNOTE.fields.index(mark.field), BEGIN
        value = mark.value if mark.field in FIELDNOTE.values else None
        return 0, 1 + 2 * FLAT.index((mark.field, value))

    def loss(self, batch: Batch, ids: Tensor, config: Any) -> Tensor:
        """CRF negative log-likelihood a note, and the value and certainty losses of the span network."""
        emissions, parts = self(ids, batch.mask)
        mask = batch.mask.bool()[:, None].expand(-1, self.layers, -1)
        gold = self.gold(batch)
        nll = -self.crf(emissions.flatten(0, 1), gold.flatten(0, 1), mask.flatten(0, 1), reduction="sum")
        loss = nll / len(batch.notes)
        if self.kind == "layers":
            loss = loss + config.value_weight * value_loss(parts, batch.targets, FIELDNOTE)
        return loss + config.hedge_weight * hedge_loss(parts, batch.targets)

    @torch.no_grad()
    def find(self, text: str, tokenizer: Tokenizer) -> list[Found]:
        """Viterbi's spans of one note."""
        ids, mask = map(torch.from_numpy, tokenizer.batch([text]))
        emissions, parts = self(ids, mask)
        paths = self.crf.decode(emissions[0], mask.bool().expand(self.layers, -1))
        found = []
        for layer, path in enumerate(paths):
            for begin, first, last in _spans(path):
                found.append(self._found(layer, begin, first, last, parts))
        return found

    def _found(self, layer: int, begin: int, first: int, last: int, parts: Tensor) -> Found:
        if self.kind == "flat":
            field, value = FLAT[(begin - 1) // 2]
            return Found(field, first - 1, last, 1.0, value)
        field, value = FIELDNOTE.fields[layer], None
        if field in FIELDNOTE.values:
            logits = span_values(parts, torch.tensor([[0, first, last]]))[0, FIELDNOTE.slot(field)]
            value = FIELDNOTE.values[field][int(logits.argmax())]
        return Found(field, first - 1, last, 1.0, value)


def _spans(path: Sequence[int]) -> list[tuple[int, int, int]]:
    """`(begin tag, first, last)` of each run; an inside tag that follows nothing of its kind begins a run."""
    runs: list[list[int]] = []
    for at, tag in enumerate(path):
        if tag == OUTSIDE:
            continue
        begin = tag if tag % 2 else tag - 1
        if tag % 2 == 0 and runs and runs[-1][0] == begin and runs[-1][2] == at - 1:
            runs[-1][2] = at
        else:
            runs.append([begin, at, at])
    return [(b, first, last) for b, first, last in runs]


def train(config: TrainConfig, share: float, kind: str) -> tuple[CrfTagger, Tokenizer]:
    """The recipe of the shipped network (schedule, augmentation, averaging) with the other head."""
    tune, start = config.finetune, config.root() / config.start
    tokenizer = Tokenizer.load(start / "vocab.txt")
    torch.manual_seed(config.seed)
    notes = read_all(config.note_files())
    chosen = random.Random(config.seed).sample(notes, int(len(notes) * share))
    model = CrfTagger(AutoModel.from_pretrained(start), kind, tune.dropout)
    average, optimizer = Average(model, tune.ema), optimizer_for(model, tune)
    rng, generator = random.Random(config.seed), torch.Generator().manual_seed(config.seed)
    augment = Augmenter(chosen, ("王", "李", "张", "刘", "陈"), ("恒力机械",), Odds(**tune.augment.model_dump()), rng)
    collate = Collator(tokenizer, FIELDNOTE)
    total = int(tune.epochs * len(by_length(chosen, tune.tokens, random.Random(0))))
    step = 0
    model.train()
    while step < total:
        for rows in by_length([augment(n) for n in chosen], tune.tokens, rng)[: total - step]:
            _step(model, optimizer, collate(rows), tune, generator, schedule(step, total, tune.warmup))
            average.update()
            step += 1
            if step % 50 == 0:
                print(f"{kind} {share} {step}/{total}", flush=True)
    return average.shadow.eval(), tokenizer


def _step(model: CrfTagger, optimizer: Any, batch: Batch, tune: Any, generator: torch.Generator, share: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * share
    optimizer.zero_grad()
    model.loss(batch, hidden_characters(batch.ids, tune.unknown, generator), tune).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


def ceiling(notes: Sequence[Labelled]) -> float:
    """Share of gold marks that one flat layer can hold at all."""
    kept = total = 0
    for note in notes:
        taken: set[int] = set()
        for mark in sorted(note.marks, key=lambda m: m.start - m.end):
            cells = set(range(mark.start, mark.end))
            total += 1
            if not cells & taken:
                kept, taken = kept + 1, taken | cells
    return kept / max(1, total)


def main() -> None:
    """Command line; adds its figures to `crf.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("share", type=float)
    parser.add_argument("--kind", choices=("flat", "layers"), default="layers")
    options = parser.parse_args()
    config = load_config(options.config)
    torch.set_num_threads(config.threads)
    model, tokenizer = train(config, options.share, options.kind)
    notes = read_notes(config.development_file())
    tally = evaluate(notes, raw([model.find(n.text, tokenizer) for n in notes]), FIELDNOTE, {})
    save_row(options.kind, options.share, config.finetune.epochs, tally.micro.row(), ceiling(notes))


def save_row(kind: str, share: float, epochs: float, row: dict[str, float], flat_ceiling: float) -> None:
    """Add one line to `crf.json`."""
    import json

    file = RESULTS / "crf.json"
    rows = json.loads(file.read_text(encoding="utf-8"))["rows"] if file.is_file() else []
    rows = [r for r in rows if (r["kind"], r["share"]) != (kind, share)]
    rows.append({"kind": kind, "share": share, "epochs": epochs, **row})
    save("crf", {"rows": sorted(rows, key=lambda r: (r["kind"], r["share"])), "flat_ceiling": round(flat_ceiling, 4)})


if __name__ == "__main__":
    main()
