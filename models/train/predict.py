"""The torch model over many notes, decoded as the runtime does it: for calibration, evaluation and the gate."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from models.decode import Found, decode
from models.tokens import Tokenizer
from models.train.network import SpanTagger


@torch.no_grad()
def predict(model: SpanTagger, texts: Sequence[str], tokenizer: Tokenizer, *, size: int = 16) -> list[list[Found]]:
    """Findings (mass not yet calibrated) of each text, in the given order."""
    model.eval()
    found: list[list[Found]] = [[] for _ in texts]
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    for at in range(0, len(order), size):
        chosen = order[at : at + size]
        ids, mask = tokenizer.batch([texts[i] for i in chosen])
        scores, parts = model(torch.from_numpy(ids), torch.from_numpy(mask))
        for row, i in enumerate(chosen):
            n = len(texts[i])
            spans = scores[row, :, 1 : n + 1, 1 : n + 1].numpy()
            found[i] = decode(spans, parts[row, 1 : n + 1].numpy(), model.labels)
    return found
