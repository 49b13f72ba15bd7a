"""Torch → ONNX → dynamic int8, and the measurement of what each step changes.

Plain dynamic quantisation of the weights, without a fusion step: measured quickest for small encoders on one thread.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor

from models.decode import Found, decode
from models.tokens import Tokenizer
from models.train.network import SpanTagger


class Outputs(torch.nn.Module):
    """The network with int64 ids and mask in, as the runtime calls it."""

    def __init__(self, model: SpanTagger) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        scores, parts = self.model(ids, mask)
        return scores, parts


def export_onnx(model: SpanTagger, file: Path) -> None:
    """Writes an fp32 graph with dynamic `batch` and `length` axes."""
    ids = torch.randint(32, 200, (3, 40))
    batch, length = torch.export.Dim("batch", min=1, max=4096), torch.export.Dim("length", min=3, max=1024)
    shape = {0: batch, 1: length}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Outputs(model).eval(),
            (ids, torch.ones_like(ids)),
            str(file),
            input_names=["ids", "mask"],
            output_names=["scores", "parts"],
            dynamic_shapes={"ids": shape, "mask": shape},
            external_data=False,
            dynamo=True,
        )


def quantize(fp32: Path, int8: Path) -> None:
    """Dynamic int8: weights per tensor now, activations at run time."""
    quantize_dynamic(str(fp32), str(int8), weight_type=QuantType.QInt8)


def run_onnx(file: Path, texts: Sequence[str], tokenizer: Tokenizer, model: SpanTagger) -> list[list[Found]]:
    """Findings of each text by an ONNX file, one text a call."""
    session = ort.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    found = []
    for text in texts:
        ids, mask = tokenizer.batch([text])
        scores, parts = session.run(None, {"ids": ids, "mask": mask})
        found.append(decode(scores[0, :, 1:-1, 1:-1], parts[0, 1:-1], model.labels))
    return found


@torch.no_grad()
def logit_difference(model: SpanTagger, file: Path, texts: Sequence[str], tokenizer: Tokenizer) -> float:
    """Largest difference between torch and ONNX over span scores above -10, in logits."""
    session = ort.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    model.eval()
    worst = 0.0
    for text in texts:
        ids, mask = tokenizer.batch([text])
        theirs = session.run(None, {"ids": ids, "mask": mask})[0]
        ours = model(torch.from_numpy(ids), torch.from_numpy(mask))[0].numpy()
        live = ours > -10
        worst = max(worst, float(np.abs(ours - theirs)[live].max(initial=0.0)))
    return worst
