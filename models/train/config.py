"""One YAML, one run: every choice of a training, checked, with the corpora's place and what may be used of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from extractor.errors import ModelError

Grade = Literal["A", "A-", "B", "C"]


class Strict(BaseModel):
    """No unknown keys: a misspelt one is an error, not silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PretrainConfig(Strict):
    """Masked-language-model pretraining; `steps: 0` leaves it out. `precision: auto` takes the quicker, measured."""

    steps: int = 0
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    rows: int = 32
    length: int = 128
    rate: float = 5e-4
    warmup: int = 100
    decay_from: float = 0.3
    masked: float = 0.2
    weight_decay: float = 0.05
    files: tuple[str, ...] = ("01", "02", "03", "04", "05", "06", "07", "08", "11")
    grades: tuple[Grade, ...] = ("A", "A-", "B", "C")
    save_every: int = 200
    held_out_rows: int = 256


class AugmentConfig(Strict):
    """Chances of each change; see `augment.Odds`."""

    swap: float = 0.3
    digits: float = 0.4
    bare: float = 0.12
    join: float = 0.12
    slip: float = 0.1


class FinetuneConfig(Strict):
    """Training of the tagger on labelled notes. Rates are peaks of a warm-up and cosine schedule.

    `keep`: share of the weights before the training that are averaged with those after it, for going on from weights
    that serve (as in Wortsman et al., 2022, arXiv:2109.01903: steadier, and less is forgotten).
    """

    epochs: float = 10
    rate: float = 4e-4
    head_rate: float = 1.2e-3
    tokens: int = 1300
    warmup: float = 0.08
    weight_decay: float = 0.02
    ema: float = 0.995
    dropout: float = 0.2
    unknown: float = 0.02
    near: float = 0.6
    soft: tuple[str, ...] = ("budget_source", "demand_tag", "purchase_intent", "pain_point", "budget_cycle")
    value_weight: float = 2.0
    hedge_weight: float = 0.5
    augment: AugmentConfig = AugmentConfig()
    leave_out: tuple[str, ...] = ()
    share: float = Field(default=1.0, gt=0, le=1)
    keep: float = Field(default=0.0, ge=0, lt=1)


class WeakConfig(Strict):
    """Weak labels on raw text; `marked: 0` and `negatives: 0` leave them out. See `weak.py` for what is chosen.

    `marked` and `negatives`: sentences at most; `cap`: marks of one field at most. `read`: share of the raw lines that
    are looked at; rules may mark those of the share `talk` likest to notes that have `words` words of sales talk.
    A rule teaches if it is `sure` and was right on a share `right` of at least `seen` findings in the labelled notes,
    and a finding if the judge (a bundle taught by people alone; none by default) believes it from `belief`.
    `tokens` characters go beside each batch of notes, their loss times `weight`.
    """

    marked: int = 0
    negatives: int = 0
    cap: int = 400
    read: float = 0.3
    talk: float = 0.5
    words: int = 2
    sure: float = 0.75
    right: float = 0.85
    seen: int = 5
    judge: Path | None = None
    belief: float = 0.15
    shortest: int = 8
    longest: int = 60
    leave_out: tuple[str, ...] = ("contact_person", "contact_phone", "customer_name", "competitor")
    tokens: int = 500
    weight: float = 0.3
    files: tuple[str, ...] = ("01", "02", "03", "04", "05", "06", "07", "08", "09")
    grades: tuple[Grade, ...] = ("A", "A-", "B", "C")


class GateConfig(Strict):
    """What an export may lose against torch and the incumbent: spans, F1 points, points of one field, time."""

    logits: float = 1e-3
    spans: float = 0.95
    f1_points: float = 0.5
    field_points: float = 4.0
    slower: float = 1.15


class TrainConfig(Strict):
    """The whole run. Folders are relative to `corpus` unless absolute; `FIELDNOTE_CORPUS` overrides it."""

    name: str = "zh-notes"
    seed: int = 7
    threads: int = 2
    device: Literal["auto", "cpu", "cuda"] = "auto"
    corpus: Path = Path("corpus")
    start: Path = Path("encoder")
    weights: Path | None = None  # of an earlier run, to train on from; the whole network, not the encoder alone
    tenant: str | None = None  # whose own notes are among the data, so that nobody else is served with them
    raw_text: Path = Path("pretrain")
    notes: tuple[str, ...] = ("notes/t*.marked.jsonl",)
    own_notes: tuple[str, ...] = ("annotation/data/*.marked.jsonl",)
    development: str = "dv.jsonl"
    lexicon: Path = Path("lexicon")
    runs: Path = Path("runs")
    pretrain: PretrainConfig = PretrainConfig()
    finetune: FinetuneConfig = FinetuneConfig()
    weak: WeakConfig = WeakConfig()
    gate: GateConfig = GateConfig()
    registry: Path = Path("artifacts/models")

    def root(self) -> Path:
        """The corpus folder, by `FIELDNOTE_CORPUS` or the config; ModelError where it is not there."""
        root = Path(os.environ.get("FIELDNOTE_CORPUS") or self.corpus)
        if not root.is_dir():
            raise ModelError(f"{root}: no such folder; set FIELDNOTE_CORPUS or `corpus:` to the folder of the corpora")
        return root

    def below(self, path: Path) -> Path:
        """A path of the config: as it is, or below the corpus."""
        return path if path.is_absolute() else self.root() / path

    def torch_device(self) -> str:
        """`cuda` or `cpu`; `auto` takes CUDA where there is one."""
        import torch

        if self.device == "auto":
            return "cuda" if torch.cuda.is_available() else "cpu"
        return self.device

    def note_files(self) -> list[Path]:
        """Every labelled file the config names, in name order."""
        found = [f for pattern in self.notes for f in self.root().glob(pattern)]
        for pattern in self.own_notes:
            found += [Path(pattern)] if Path(pattern).is_absolute() else Path().glob(pattern)
        if not found:
            raise ModelError(f"no labelled notes match {', '.join(self.notes + self.own_notes)}")
        return sorted(set(found), key=lambda f: f.name)

    def development_file(self) -> Path:
        """The development set: below the corpus, or a path of its own."""
        file = Path(self.development)
        return file if file.is_absolute() or file.exists() else self.root() / file


def load_config(file: Path) -> TrainConfig:
    """Reads and checks one YAML config; ModelError names the file and the key that is wrong."""
    try:
        return TrainConfig.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")) or {})
    except (OSError, ValueError, yaml.YAMLError) as e:
        raise ModelError(f"{file}: {e}") from e
