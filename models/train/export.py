"""Torch → ONNX, and the measurement of what that and the step to int8 (`quantize.py`) change."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from torch import Tensor

from extractor.errors import ModelError
from models.decode import Found, decode
from models.tokens import Tokenizer
from models.train import graph
from models.train.config import GateConfig
from models.train.marks import Labelled
from models.train.network import SpanTagger
from models.train.score import evaluate, raw


class Outputs(torch.nn.Module):
    """The network with int64 ids and mask in, as the runtime calls it."""

    def __init__(self, model: SpanTagger) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        scores, parts = self.model(ids, mask)
        return scores, parts


def export_onnx(model: SpanTagger, file: Path) -> None:
    """Writes an fp32 graph with dynamic `batch` and `length` axes: ours where it fits the encoder, else torch's."""
    if graph.fits(model):
        onnx.save(graph.span_graph(model), str(file))
        return
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


def run_onnx(file: Path, texts: Sequence[str], tokenizer: Tokenizer, model: SpanTagger) -> list[list[Found]]:
    """Findings of each text by an ONNX file, one text a call."""
    run = ort.InferenceSession(str(file), providers=["CPUExecutionProvider"]).run
    outputs = (run(None, dict(zip(("ids", "mask"), tokenizer.batch([text]), strict=True))) for text in texts)
    return [decode(scores[0, :, 1:-1, 1:-1], parts[0, 1:-1], model.labels) for scores, parts in outputs]


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
        worst = max(worst, float(np.abs(ours - theirs)[ours > -10].max(initial=0.0)))
    return worst


def gate(
    model: SpanTagger, fp32: Path, int8: Path, notes: Sequence[Labelled], tokenizer: Tokenizer, allowed: GateConfig
) -> dict[str, float]:
    """Figures of the export on gold notes. Raises ModelError where it loses more than `allowed`."""
    texts = [n.text for n in notes]
    whole, small = (run_onnx(file, texts, tokenizer, model) for file in (fp32, int8))
    figures = {
        "logits_fp32_against_torch": round(logit_difference(model, fp32, texts[:40], tokenizer), 6),
        "spans_int8_in_fp32": round(_agreement(whole, small), 4),
        "f1_fp32": round(evaluate(notes, raw(whole), model.labels, {}).micro.f1, 4),
        "f1_int8": round(evaluate(notes, raw(small), model.labels, {}).micro.f1, 4),
    }
    loss = 100 * (figures["f1_fp32"] - figures["f1_int8"])
    if figures["logits_fp32_against_torch"] > allowed.logits:
        raise ModelError(f"导出与训练时的分数差 {figures['logits_fp32_against_torch']}，超过 {allowed.logits}；不放行")
    if figures["spans_int8_in_fp32"] < allowed.spans or loss > allowed.f1_points:
        raise ModelError(f"int8 丢得太多（{figures}）；不放行，改用 fp32 或换量化方式")
    return figures


def _agreement(a: Sequence[Sequence[Found]], b: Sequence[Sequence[Found]]) -> float:
    """Share of sure findings (mass times share from 0.5) that both have: 2 |A∩B| / (|A|+|B|)."""
    both = [
        {(n, f.field, f.start, f.end, f.value) for n, items in enumerate(x) for f in items if f.mass * f.share >= 0.5}
        for x in (a, b)
    ]
    return 2 * len(both[0] & both[1]) / max(1, len(both[0]) + len(both[1]))


def slowdown(model: Path, incumbent: Path, texts: Sequence[str], tokenizer: Tokenizer, *, rounds: int = 5) -> float:
    """Time of `model` over that of `incumbent`, one text a call on one thread, taking turns; the best round of each."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    runs = [ort.InferenceSession(str(f), options, providers=["CPUExecutionProvider"]).run for f in (model, incumbent)]
    feeds = [dict(zip(("ids", "mask"), tokenizer.batch([text]), strict=True)) for text in texts]
    best = [float("inf"), float("inf")]
    for _ in range(rounds + 1):  # the first round warms up what it must; the best is another
        for at, run in enumerate(runs):
            start = time.perf_counter()
            for feed in feeds:
                run(None, feed)
            best[at] = min(best[at], time.perf_counter() - start)
    return best[0] / best[1]
