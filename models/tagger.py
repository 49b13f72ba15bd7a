"""Run the tagger: onnxruntime and a code-point table, nothing else.

`run` of an onnxruntime session may be called from many threads at once; with one intra-op thread every call stays
on its caller's thread, so one session is the pool.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from extractor.errors import ModelError
from extractor.types import Candidate, Span
from models.bundle import Bundle, load_bundle
from models.decode import Found, decode
from models.tokens import Tokenizer

WINDOW = 192  # characters the model sees at once: nearly no labelled note is longer
SEAM = 64  # characters that neighbouring windows share; findings are taken where they lie deeper inside
BATCH = 8
SLOWER = ["SkipLayerNormFusion"]  # the fused operator takes four times as long as its two parts on a processor
FLOOR = 0.03  # score below which a finding is not worth weighing

Floats = NDArray[np.float32]


class OnnxTagger:
    """Candidates of a bundle's model: `source` is `model:<name>`, `score` the raw mass times the share of the value."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle, self.digest = bundle, bundle.digest
        self._source = f"model:{bundle.manifest.name}"
        self._tokenizer = Tokenizer.load(bundle.file("vocab.txt"))
        self._session = _session(bundle.file("model.onnx"))

    def tag(self, text: str) -> list[Candidate]:
        """Candidates of one text, by field and place."""
        return self.tag_many([text])[0]

    def tag_many(self, texts: Sequence[str]) -> list[list[Candidate]]:
        """Candidates of many texts, in the given order; windows of like length run together."""
        windows = [(n, start, end) for n, text in enumerate(texts) for start, end in _windows(len(text))]
        found: list[list[Found]] = [[] for _ in texts]
        order = sorted(range(len(windows)), key=lambda i: windows[i][2] - windows[i][1])
        for at in range(0, len(order), BATCH):
            chosen = [windows[i] for i in order[at : at + BATCH]]
            outputs = self.run_model([texts[n][start:end] for n, start, end in chosen])
            for (n, start, end), (scores, parts) in zip(chosen, outputs, strict=True):
                items = decode(scores, parts, self.bundle.labels)
                found[n] += _inner(items, start, end, len(texts[n]))
        return [self._candidates(items) for items in found]

    def run_model(self, texts: Sequence[str]) -> Iterator[tuple[Floats, Floats]]:
        """Span scores `[fields, n, n]` and value parts `[n, 3 * width]` of each text of n characters."""
        ids, mask = self._tokenizer.batch(texts)
        scores, parts = self._session.run(None, {"ids": ids, "mask": mask})
        for row, text in enumerate(texts):
            end = len(text) + 1
            yield scores[row, :, 1:end, 1:end], parts[row, 1:end]

    def _candidates(self, found: Sequence[Found]) -> list[Candidate]:
        made = [
            Candidate(f.field, Span(f.start, f.end), round(f.mass * f.share, 4), self._source, f.value, f.hedge < 0)
            for f in found
            if f.mass * f.share >= FLOOR
        ]
        return sorted(made, key=lambda c: (c.field, c.span, -c.score))


def load_tagger(folder: Path) -> OnnxTagger:
    """The tagger of a bundle folder. Raises ModelError."""
    return OnnxTagger(load_bundle(folder))


def _session(model: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    wanted = providers(ort.get_available_providers())
    try:
        return ort.InferenceSession(str(model), options, providers=wanted, disabled_optimizers=SLOWER)
    except Exception as error:
        raise ModelError(f"{model} 打不开：{error}") from error


def providers(available: Sequence[str]) -> list[str]:
    """Where a model runs: on a CUDA device if this onnxruntime has one, and on the processor for what that lacks."""
    return [p for p in ("CUDAExecutionProvider", "CPUExecutionProvider") if p in available]


def _windows(length: int) -> list[tuple[int, int]]:
    """Overlapping stretches of a long text; one for a short one, none for an empty one."""
    if length <= WINDOW:
        return [(0, length)] if length else []
    starts = range(0, length - SEAM, WINDOW - SEAM)
    return [(start, min(length, start + WINDOW)) for start in starts]


def _inner(found: Sequence[Found], start: int, end: int, length: int) -> Iterator[Found]:
    """Findings of one window in offsets of the text; those of the seams belong to the window where they lie deeper."""
    low = start + SEAM // 2 if start else 0
    high = end - SEAM // 2 if end < length else length
    for f in found:
        if low <= f.start + start < high:
            yield Found(f.field, f.start + start, f.end + start, f.mass, f.value, f.share, f.hedge)
