"""Masked-language-model pretraining of a small encoder: resumable, bf16 where it is quicker, CUDA where there is one.

Spans of one to four characters are hidden (SpanBERT, Joshi et al., 2020, arXiv:1907.10529): 80% [MASK], 10% another
character, 10% left (BERT, Devlin et al., 2019, arXiv:1810.04805).
"""

from __future__ import annotations

import io
import json
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import AutoModelForMaskedLM

from extractor.errors import ModelError
from models.tokens import FIRST_CHARACTER, MASK, Tokenizer
from models.train.config import PretrainConfig
from models.train.finetune import Progress, schedule

Ids = NDArray[np.int64]
GRADES = {"05": "A", "12": "A-", "13": "A-", "03": "B", "07": "B", "08": "B", "09": "B"}  # the others: C
IGNORED = -100


def read_lines(folder: Path, config: PretrainConfig) -> Iterator[str]:
    """Lines of the chosen files whose licence grade the config allows. Raises ModelError where none is there."""
    for file in text_files(folder, config.files, config.grades):
        yield from lines_of(file)


def text_files(folder: Path, files: Sequence[str], grades: Sequence[str]) -> list[Path]:
    """Raw text by the first two characters of its name and by its licence grade. Raises ModelError for none."""
    found = [f for f in sorted(folder.glob("*.txt.zst")) if f.name[:2] in files and grade(f) in grades]
    if not found:
        raise ModelError(f"{folder}: no text file matches files {files} and grades {grades}")
    return found


def grade(file: Path) -> str:
    """The licence grade of a raw text, by the corpus's README."""
    return GRADES.get(file.name[:2], "C")


def lines_of(file: Path) -> Iterator[str]:
    """Lines of one zstd file, ends and all."""
    import zstandard

    with file.open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as stream:
        yield from io.TextIOWrapper(stream, encoding="utf-8")


def rows_of(lines: Iterator[str], tokenizer: Tokenizer, length: int, seed: int) -> Ids:
    """All text as rows `[n, length]` of ids: lines shuffled, joined by their [CLS] and [SEP], cut at `length`."""
    texts = [line.rstrip("\n") for line in lines]
    random.Random(seed).shuffle(texts)
    flat = np.concatenate([tokenizer.encode(text) for text in texts]).astype(np.int16)
    return flat[: len(flat) // length * length].reshape(-1, length).astype(np.int64)


def hide(ids: Tensor, share: float, vocabulary: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Input with a `share` of its characters hidden in spans, and labels (−100 where nothing is asked)."""
    starts = torch.rand(ids.shape, generator=generator) < share / 2.2  # spans of mean length 2.2
    sizes = torch.randint(1, 5, ids.shape, generator=generator)
    chosen = starts.clone()
    for more in range(1, 4):
        chosen[:, more:] |= (starts & (sizes > more))[:, :-more]
    chosen &= ids >= FIRST_CHARACTER
    dice = torch.rand(ids.shape, generator=generator)
    other = torch.randint(FIRST_CHARACTER, vocabulary, ids.shape, generator=generator)
    given = torch.where(chosen & (dice < 0.8), torch.full_like(ids, MASK), ids)
    given = torch.where(chosen & (dice > 0.9), other, given)
    return given, torch.where(chosen, ids, torch.full_like(ids, IGNORED))


def precision_of(wanted: str, device: str) -> torch.dtype:
    """`fp32` or `bf16`; by `auto` bf16 where a matrix product in it is quicker on this machine, measured."""
    if wanted != "auto":
        return {"fp32": torch.float32, "bf16": torch.bfloat16}[wanted]
    if device == "cuda":
        return torch.bfloat16

    def seconds(kind: torch.dtype) -> float:
        a = torch.ones(256, 256, dtype=kind)
        start = time.perf_counter()
        for _ in range(5):
            a @ a
        return time.perf_counter() - start

    seconds(torch.float32)
    return torch.bfloat16 if seconds(torch.bfloat16) < seconds(torch.float32) else torch.float32


def pretrain(
    start: Path, folder: Path, rows: Ids, config: PretrainConfig, *, seed: int, device: str, progress: Progress
) -> Path:
    """Continues the checkpoint `start` over `rows` for `config.steps` steps; writes checkpoints to `folder`.

    A run that was stopped goes on from its last checkpoint. Returns `folder`, a Hugging Face checkpoint.
    """
    held, train = rows[: config.held_out_rows], rows[config.held_out_rows :]
    done, kept = _state(folder)
    model = AutoModelForMaskedLM.from_pretrained(folder if done else start).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98), weight_decay=config.weight_decay)
    if done:
        optimizer.load_state_dict(torch.load(folder / "optimizer.pt"))
    precision = precision_of(kept or config.precision, device)
    for step in range(done, config.steps):
        generator = torch.Generator().manual_seed(seed + step)
        picked = torch.randint(0, len(train), (config.rows,), generator=generator).numpy()
        loss = _loss(model, train[picked], config, generator, device, precision)
        for group in optimizer.param_groups:
            group["lr"] = config.rate * schedule(step, config.steps, config.warmup / max(1, config.steps))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        figures = {"loss": float(loss.detach())}
        if (step + 1) % config.save_every == 0 or step + 1 == config.steps:
            figures["held_out"] = held_out_loss(model, held, config, device, precision)
            _save(folder, start, model, optimizer)
            _note(folder, step + 1, precision, figures)
        progress("pretrain", step + 1, config.steps, figures)
    return folder


def _loss(
    model: Any,
    rows: Ids,
    config: PretrainConfig,
    generator: torch.Generator,
    device: str,
    precision: torch.dtype,
) -> Tensor:
    ids = torch.from_numpy(rows)
    given, labels = hide(ids, config.masked, model.config.vocab_size, generator)
    with torch.autocast(device, dtype=precision, enabled=precision != torch.float32):
        logits = model(input_ids=given.to(device)).logits
    asked = labels != IGNORED
    return torch.nn.functional.cross_entropy(logits[asked].float(), labels[asked].to(device))


@torch.no_grad()
def held_out_loss(model: Any, rows: Ids, config: PretrainConfig, device: str, precision: torch.dtype) -> float:
    """Mean loss over `rows`, hidden the same way every time."""
    model.eval()
    generator = torch.Generator().manual_seed(0)
    parts: Sequence[Ids] = np.array_split(rows, max(1, len(rows) // config.rows))
    losses = [float(_loss(model, part, config, generator, device, precision)) for part in parts]
    model.train()
    return sum(losses) / len(losses)


def _state(folder: Path) -> tuple[int, str]:
    """Steps done, and the precision they were done in: what goes on must not measure again and decide otherwise."""
    try:
        state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    except OSError:
        return 0, ""
    return int(state["step"]), state.get("precision", "")


def _save(folder: Path, start: Path, model: Any, optimizer: torch.optim.Optimizer) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    (folder / "vocab.txt").write_bytes((start / "vocab.txt").read_bytes())
    torch.save(optimizer.state_dict(), folder / "optimizer.pt")


def _note(folder: Path, step: int, precision: torch.dtype, figures: dict[str, float]) -> None:
    with (folder / "held_out.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps({"step": step, **figures}) + "\n")
    state = {"step": step, "precision": "bf16" if precision == torch.bfloat16 else "fp32"}
    (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")
