"""The network: any Hugging Face encoder under a span head that gives every span every field at once.

Head: Efficient GlobalPointer (Su Jianlin, 2022, "Efficient GlobalPointer: 少点参数，多点效果", spaces.ac.cn, 8877):
one shared rotary bilinear score "is a span" plus a start and an end score per field. Enum values and certainty are
not labels of their own but a second, factorised step: logits of the span's first, last and mean character, so that
thirteen demand tags share one finder.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModel

from models.labels import Labels

FAR_BELOW = -1e4


@dataclass(frozen=True, slots=True)
class HeadShape:
    """Sizes of the head: `pointer` per query/key, `hidden` of the value step, `dropout` before both."""

    pointer: int = 64
    hidden: int = 192
    dropout: float = 0.2


def rotary(x: Tensor) -> Tensor:
    """Rotary position embedding (Su et al., 2021, arXiv:2104.09864) of `[batch, length, size]`, size even."""
    size = x.shape[-1]
    rates = 10000.0 ** (-torch.arange(0, size, 2, dtype=torch.float32, device=x.device) / size)
    angle = torch.arange(x.shape[1], dtype=torch.float32, device=x.device)[:, None] * rates
    even, odd = x[..., : size // 2], x[..., size // 2 :]
    return torch.cat([even * angle.cos() - odd * angle.sin(), odd * angle.cos() + even * angle.sin()], dim=-1)


class SpanTagger(nn.Module):
    """`(ids, mask)` of `[batch, length]` → span scores and value parts (see `forward`)."""

    def __init__(self, encoder: nn.Module, labels: Labels, shape: HeadShape | None = None) -> None:
        super().__init__()
        shape = shape or HeadShape()
        config: Any = encoder.config
        width: int = config.hidden_size
        self.encoder, self.labels = encoder, labels
        self.dropout = nn.Dropout(shape.dropout)
        self.pointer = nn.Linear(width, 2 * shape.pointer)
        self.edges = nn.Linear(width, 2 * len(labels.fields))
        self.hidden = nn.Linear(width, shape.hidden)
        self.parts = nn.Linear(shape.hidden, 3 * labels.width)
        nn.init.zeros_(self.edges.weight)
        nn.init.constant_(self.edges.bias, -2.0)

    @classmethod
    def start_from(cls, checkpoint: Path, labels: Labels, shape: HeadShape | None = None) -> SpanTagger:
        """A fresh head on the encoder of a local Hugging Face checkpoint folder."""
        return cls(AutoModel.from_pretrained(checkpoint), labels, shape)

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Scores `[batch, fields, length, length]` (first, last character; -1e4 where not a span) and
        parts `[batch, length, 3 * width]`: the value logits a character adds as first, last and (meaned) inner one."""
        hidden = self.dropout(self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state)
        query, key = (rotary(half) for half in self.pointer(hidden).chunk(2, dim=-1))
        shared = query @ key.transpose(1, 2) / query.shape[-1] ** 0.5
        start, end = self.edges(hidden).transpose(1, 2).chunk(2, dim=1)
        length = ids.shape[1]
        order = torch.arange(length, device=ids.device)
        allowed = (order[:, None] <= order)[None] & (mask[:, None, :] > 0) & (mask[:, :, None] > 0)
        shared = torch.where(allowed, shared, torch.full_like(shared, FAR_BELOW))
        scores = (shared[:, None] + start[..., None]) + end[..., None, :]
        return scores, self.parts(self.dropout(nn.functional.gelu(self.hidden(hidden))))


def span_values(parts: Tensor, where: Tensor) -> Tensor:
    """Value logits `[spans, width]` of spans `where = [[row, first, last], ...]` (inclusive)."""
    row, first, last = where.unbind(1)
    left, right, inner = parts.chunk(3, dim=-1)
    sums = torch.cat([torch.zeros_like(inner[:, :1]), inner.cumsum(1)], dim=1)
    mean = (sums[row, last + 1] - sums[row, first]) / (last + 1 - first)[:, None]
    return left[row, first] + right[row, last] + mean
