"""Losses: ZLPR over spans, softmax over a span's values, a logit for certainty."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.labels import Labels
from models.train.network import span_values

FAR_BELOW = -1e4


@dataclass(frozen=True, slots=True)
class Targets:
    """Gold of one batch, as index tensors (offsets count from CLS = 0).

    `spans` `[n, 4]`: row, field, first, last; `near` `[m, 4]`: spans so like a gold one that they are no negatives;
    `values` `[k, 4]`: row, first, last, value index; `hedged` `[n]`: 1 where the note hedges the span.
    `unknown` `[rows, fields]`: of these fields of these notes only the `denied` `[d, 4]` spans are known to be wrong.
    """

    spans: Tensor
    near: Tensor
    values: Tensor
    hedged: Tensor
    unknown: Tensor
    denied: Tensor


def span_loss(scores: Tensor, targets: Targets) -> Tensor:
    """Zero-bounded log-sum-exp pairwise ranking, ZLPR (Su et al., 2022, arXiv:2208.02955), of one batch.

    `log(1 + Σ e^{-s⁺}) + log(1 + Σ e^{s⁻})` over the spans of each note and field, summed over fields, mean over notes.
    `scores` is `[batch, fields, length, length]`; positives are picked by index, so the big tensor is read once.
    """
    rows, fields = scores.shape[:2]
    skip = targets.unknown[:, :, None, None].expand_as(scores).clone()
    skip[tuple(targets.denied.unbind(1))] = False
    skip[tuple(targets.spans.unbind(1))] = True
    skip[tuple(targets.near.unbind(1))] = True
    down = nn.functional.softplus(scores.masked_fill(skip, FAR_BELOW).flatten(2).logsumexp(-1))
    misses = torch.exp(-scores[tuple(targets.spans.unbind(1))].clamp(min=-30.0))
    cell = targets.spans[:, 0] * fields + targets.spans[:, 1]
    up = torch.log1p(scores.new_zeros(rows * fields).index_add(0, cell, misses))
    return (down.sum() + up.sum()) / rows


def value_loss(parts: Tensor, targets: Targets, labels: Labels) -> Tensor:
    """Cross entropy of each gold span's value within its field; 0 when the batch has none."""
    if not len(targets.values):
        return parts.sum() * 0
    logits = span_values(parts, targets.values[:, :3])
    losses = []
    for field in labels.values:
        slot = labels.slot(field)
        here = (targets.values[:, 3] >= slot.start) & (targets.values[:, 3] < slot.stop)
        wanted = targets.values[here, 3] - slot.start
        losses.append(nn.functional.cross_entropy(logits[here, slot], wanted, reduction="sum", label_smoothing=0.05))
    return torch.stack(losses).sum() / len(targets.values)


def hedge_loss(parts: Tensor, targets: Targets) -> Tensor:
    """Is the span hedged (`~=`)? Binary cross entropy on the last value logit."""
    if not len(targets.spans):
        return parts.sum() * 0
    logits = span_values(parts, targets.spans[:, [0, 2, 3]])[:, -1]
    return nn.functional.binary_cross_entropy_with_logits(logits, targets.hedged)
