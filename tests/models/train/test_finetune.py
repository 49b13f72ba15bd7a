"""A tiny network learns, repeats itself, goes on where it stopped, and exports to what it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from extractor.errors import ModelError
from models.labels import FIELDNOTE
from models.tokens import Tokenizer
from models.train import export
from models.train.config import AugmentConfig, FinetuneConfig, GateConfig
from models.train.finetune import finetune
from models.train.marks import Labelled
from models.train.network import HeadShape, SpanTagger
from models.train.predict import predict

PLAIN = AugmentConfig(swap=0, digits=0, bare=0, join=0, slip=0)
CONFIG = FinetuneConfig(epochs=120, rate=3e-3, head_rate=1e-2, dropout=0, unknown=0, augment=PLAIN, ema=0.5)
Train = Callable[..., SpanTagger]


class PowerCutError(Exception):
    """What ends a training in the middle."""


@pytest.fixture
def train(encoder: Path, notes: list[Labelled], tokenizer: Tokenizer) -> Train:
    def one(config: FinetuneConfig = CONFIG, **options: object) -> SpanTagger:
        torch.manual_seed(1)
        model = SpanTagger.start_from(encoder, FIELDNOTE, HeadShape(pointer=16, hidden=16, dropout=config.dropout))
        return finetune(model, notes, tokenizer, config, seed=1, **options)[0]

    return one


def test_it_learns_its_notes(train: Train, notes: list[Labelled], tokenizer: Tokenizer):
    found = predict(train(), [n.text for n in notes], tokenizer)
    for note, items in zip(notes, found, strict=True):
        ours = {(f.field, f.start, f.end) for f in items if f.mass * f.share > 0.5}
        assert ours == {(m.field, m.start, m.end) for m in note.marks}


def test_a_training_cut_off_goes_on_as_if_it_had_not_been(train: Train, tmp_path: Path):
    config = FinetuneConfig(epochs=6)
    straight = train(config).state_dict()

    def cut(stage: str, step: int, total: int, figures: dict[str, float]) -> None:
        if step == 4:
            raise PowerCutError

    with pytest.raises(PowerCutError):
        train(config, checkpoint=tmp_path / "checkpoint.pt", progress=cut)
    resumed = train(config, checkpoint=tmp_path / "checkpoint.pt").state_dict()
    assert all(torch.equal(resumed[name], weight) for name, weight in straight.items())


def test_the_export_is_the_network(train: Train, notes: list[Labelled], tokenizer: Tokenizer, tmp_path: Path):
    model = train().eval()
    fp32, int8 = tmp_path / "fp32.onnx", tmp_path / "int8.onnx"
    export.export_onnx(model, fp32)
    export.quantize(fp32, int8)
    figures = export.gate(model, fp32, int8, notes, tokenizer, GateConfig(spans=0.5, f1_points=50))
    assert figures["f1_fp32"] == 1.0
    assert figures["logits_fp32_against_torch"] < 1e-3
    with pytest.raises(ModelError, match="不放行"):
        export.gate(model, fp32, int8, notes, tokenizer, GateConfig(spans=1.01))
