"""Both ways to a graph give what torch gives, padding beside or not; int8 stays near, outliers or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from transformers import AutoConfig, AutoModel

from models.labels import FIELDNOTE
from models.tokens import Tokenizer
from models.train import export, graph
from models.train.marks import Labelled
from models.train.network import HeadShape, SpanTagger
from models.train.quantize import quantize

Make = Callable[..., SpanTagger]
Pair = tuple[np.ndarray, np.ndarray]


@pytest.fixture
def make(encoder: Path) -> Make:
    """A network with random weights; options change the encoder's config."""

    def one(**options: object) -> SpanTagger:
        torch.manual_seed(3)
        config = AutoConfig.from_pretrained(encoder, **options)
        return SpanTagger(AutoModel.from_config(config), FIELDNOTE, HeadShape(pointer=16, hidden=16)).eval()

    return one


@pytest.fixture
def batch(notes: list[Labelled], tokenizer: Tokenizer) -> dict[str, np.ndarray]:
    ids, mask = tokenizer.batch([note.text for note in notes])
    assert (mask == 0).any()
    return {"ids": ids, "mask": mask}


def by_torch(model: SpanTagger, batch: dict[str, np.ndarray]) -> Pair:
    with torch.no_grad():
        scores, parts = model(*(torch.from_numpy(value) for value in batch.values()))
    return scores.numpy(), parts.numpy()


def by_file(file: Path, batch: dict[str, np.ndarray]) -> Pair:
    scores, parts = ort.InferenceSession(str(file), providers=["CPUExecutionProvider"]).run(None, batch)
    return scores, parts


def apart(one: Pair, other: Pair, batch: dict[str, np.ndarray]) -> float:
    """The largest difference over spans and characters that are there."""
    spans, there = one[0] > -1e3, batch["mask"] > 0
    assert (spans == (other[0] > -1e3)).all()
    return max(float(np.abs(one[0] - other[0])[spans].max()), float(np.abs(one[1] - other[1])[there].max()))


@pytest.mark.parametrize(("ours", "options"), [(True, {}), (False, {"hidden_activation": "relu", "norm_bias": True})])
def test_the_graph_gives_what_torch_gives(
    make: Make, batch: dict[str, np.ndarray], notes: list[Labelled], tokenizer: Tokenizer, tmp_path: Path,
    ours: bool, options: dict[str, object],
):  # fmt: skip
    model = make(**options)
    assert graph.fits(model) is ours
    fp32, int8 = tmp_path / "fp32.onnx", tmp_path / "int8.onnx"
    export.export_onnx(model, fp32)
    quantize(fp32, int8, [note.text for note in notes], tokenizer)
    expected = by_torch(model, batch)
    assert apart(expected, by_file(fp32, batch), batch) < 1e-4
    assert apart(expected, by_file(int8, batch), batch) < 0.2
    kinds = Counter(node.op_type for node in onnx.load(str(int8)).graph.node)
    assert kinds["MatMulIntegerToFloat"] >= 8


def test_a_channel_far_wider_than_the_others_costs_int8_nothing(
    make: Make, batch: dict[str, np.ndarray], notes: list[Labelled], tokenizer: Tokenizer, tmp_path: Path
):
    errors = []
    for wide in (1.0, 300.0):
        model = make()
        for layer in model.encoder.layers:
            with torch.no_grad():
                layer.mlp.Wi.weight[-1] *= wide  # a gate's channel, taken back where it is read: the same network
                layer.mlp.Wo.weight[:, -1] /= wide
        export.export_onnx(model, tmp_path / "fp32.onnx")
        quantize(tmp_path / "fp32.onnx", tmp_path / "int8.onnx", [note.text for note in notes], tokenizer)
        errors.append(apart(by_torch(model, batch), by_file(tmp_path / "int8.onnx", batch), batch))
    assert errors[1] < 1.5 * errors[0]
