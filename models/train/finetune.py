"""Fine-tuning: labelled notes → weights. Warm-up and cosine, moving average of the weights, seeded."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from math import cos, pi
from pathlib import Path

import torch
from torch import Tensor, nn

from models.tokens import FIRST_CHARACTER, MASK, Tokenizer
from models.train.augment import Augmenter, Odds
from models.train.batches import Batch, Collator, by_length
from models.train.config import FinetuneConfig
from models.train.losses import hedge_loss, span_loss, value_loss
from models.train.marks import Labelled
from models.train.network import SpanTagger

Progress = Callable[[str, int, int, dict[str, float]], None]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Names to swap in."""

    surnames: tuple[str, ...] = ("王", "李", "张", "刘", "陈")
    companies: tuple[str, ...] = ("恒力机械",)


@dataclass(frozen=True, slots=True)
class Beside:
    """Weakly labelled notes that go beside the others: `tokens` characters of them a step, their loss at `weight`."""

    notes: Sequence[Labelled] = ()
    tokens: int = 500
    weight: float = 0.3

    def batches(self, seed: str) -> Iterator[list[Labelled]]:
        """Without end, each time round in another order."""
        rng = random.Random(seed)
        while self.notes:
            yield from by_length(self.notes, self.tokens, rng)


@dataclass(slots=True)
class Average:
    """Exponential moving average of weights (Polyak), with a short memory at the start."""

    model: nn.Module
    decay: float
    steps: int = 0
    shadow: nn.Module = field(init=False)

    def __post_init__(self) -> None:
        self.shadow = deepcopy(self.model).eval()

    @torch.no_grad()
    def update(self) -> None:
        self.steps += 1
        keep = min(self.decay, self.steps / (self.steps + 10))
        for mine, theirs in zip(self.shadow.parameters(), self.model.parameters(), strict=True):
            mine.lerp_(theirs, 1 - keep)


def schedule(step: int, total: int, warmup: float) -> float:
    """Share of the peak rate: linear up over `warmup * total` steps, then half a cosine down to 2%."""
    rise = max(1, int(warmup * total))
    if step < rise:
        return (step + 1) / rise
    return 0.02 + 0.98 * (1 + cos(pi * (step - rise) / max(1, total - rise))) / 2


def optimizer_for(model: SpanTagger, config: FinetuneConfig) -> torch.optim.AdamW:
    """AdamW; the head learns faster; gains and biases do not decay."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, weight in model.named_parameters():
        groups.setdefault((name.startswith("encoder."), weight.ndim > 1), []).append(weight)
    return torch.optim.AdamW(
        [
            {"params": weights, "peak": rate, "lr": rate, "weight_decay": config.weight_decay if decays else 0.0}
            for (encoder, decays), weights in groups.items()
            for rate in (config.rate if encoder else config.head_rate,)
        ],
        betas=(0.9, 0.98),
    )


def hidden_characters(ids: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """A `share` of the characters replaced by [MASK]: the context has to do."""
    hide = (torch.rand(ids.shape, generator=generator) < share) & (ids >= FIRST_CHARACTER)
    return torch.where(hide, torch.full_like(ids, MASK), ids)


def batch_loss(model: SpanTagger, batch: Batch, config: FinetuneConfig, ids: Tensor | None = None) -> Tensor:
    """Span, value and certainty loss of one batch, weighted."""
    scores, parts = model(batch.ids if ids is None else ids, batch.mask)
    loss = span_loss(scores, batch.targets)
    loss = loss + config.value_weight * value_loss(parts, batch.targets, model.labels)
    return loss + config.hedge_weight * hedge_loss(parts, batch.targets)


@dataclass(slots=True)
class State:
    """All that the next step depends on, so that a stopped training goes on as if it had not been."""

    model: SpanTagger
    average: Average
    optimizer: torch.optim.AdamW
    rng: random.Random
    generator: torch.Generator
    step: int = 0
    losses: list[float] = field(default_factory=list)

    def save(self, file: Path) -> None:
        """Write to `file`, never half."""
        part = file.with_suffix(".part")
        torch.save(
            {
                "model": self.model.state_dict(),
                "average": (self.average.steps, self.average.shadow.state_dict()),
                "optimizer": self.optimizer.state_dict(),
                "random": (self.rng.getstate(), self.generator.get_state(), torch.get_rng_state()),
                "progress": (self.step, self.losses),
            },
            part,
        )
        part.replace(file)

    def load(self, file: Path) -> None:
        """Go on from `file`."""
        saved = torch.load(file, weights_only=False)
        self.model.load_state_dict(saved["model"])
        self.average.steps, shadow = saved["average"]
        self.average.shadow.load_state_dict(shadow)
        self.optimizer.load_state_dict(saved["optimizer"])
        state, generator, everywhere = saved["random"]
        self.rng.setstate(state)
        self.generator.set_state(generator)
        torch.set_rng_state(everywhere)
        self.step, self.losses = saved["progress"]


def finetune(
    model: SpanTagger,
    notes: Sequence[Labelled],
    tokenizer: Tokenizer,
    config: FinetuneConfig,
    *,
    seed: int,
    lexicon: Lexicon | None = None,
    weak: Beside | None = None,
    progress: Progress | None = None,
    checkpoint: Path | None = None,
) -> tuple[SpanTagger, list[float]]:
    """Trains in place; returns the averaged model and the mean loss of each epoch.

    With `checkpoint` the state is kept there after each epoch, and a training that finds one goes on from it.
    """
    lexicon, weak = lexicon or Lexicon(), weak or Beside()
    before = deepcopy(model.state_dict())
    state = State(
        model, Average(model, config.ema), optimizer_for(model, config), random.Random(seed),
        torch.Generator().manual_seed(seed),
    )  # fmt: skip
    if checkpoint and checkpoint.exists():
        state.load(checkpoint)
    odds = Odds(**config.augment.model_dump())
    augmenter = Augmenter(notes, lexicon.surnames, lexicon.companies, odds, state.rng)
    collate = Collator(tokenizer, model.labels, frozenset(config.soft), config.near)
    total = max(1, int(config.epochs * len(by_length(notes, config.tokens, random.Random(0)))))
    model.train()
    while state.step < total:
        epoch: list[float] = []
        beside = weak.batches(f"{seed} {state.step}")
        for rows in by_length([augmenter(n) for n in notes], config.tokens, state.rng)[: total - state.step]:
            extra = next(beside, None)
            teachers = [(collate(rows), 1.0)] + ([(collate(extra), weak.weight)] if extra else [])
            epoch.append(_step(state, teachers, config, total))
            if progress:
                progress("fine-tune", state.step, total, {"loss": epoch[-1]})
        state.losses.append(sum(epoch) / max(1, len(epoch)))
        if checkpoint:
            state.save(checkpoint)
    shadow = state.average.shadow
    assert isinstance(shadow, SpanTagger)
    if config.keep:
        mixed = {n: torch.lerp(w, before[n], config.keep) for n, w in shadow.state_dict().items()}
        shadow.load_state_dict(mixed)
    return shadow, state.losses


def _step(state: State, teachers: Sequence[tuple[Batch, float]], config: FinetuneConfig, total: int) -> float:
    """One update by batches and the weights of their losses; the loss of the first before it."""
    for group in state.optimizer.param_groups:
        group["lr"] = group["peak"] * schedule(state.step, total, config.warmup)
    state.optimizer.zero_grad()
    losses = []
    for batch, weight in teachers:
        ids = hidden_characters(batch.ids, config.unknown, state.generator)
        loss = batch_loss(state.model, batch, config, ids)
        (weight * loss).backward()  # type: ignore[no-untyped-call]
        losses.append(float(loss.detach()))
    nn.utils.clip_grad_norm_(state.model.parameters(), 1.0)
    state.optimizer.step()
    state.average.update()
    state.step += 1
    return losses[0]
