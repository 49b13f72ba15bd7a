"""Masked-language-model pretraining on a handful of lines: learns, resumes, and leaves out what a licence forbids."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import zstandard
from transformers import AutoModelForMaskedLM

from extractor.errors import ModelError
from models.tokens import MASK, Tokenizer
from models.train.config import PretrainConfig
from models.train.pretrain import IGNORED, hide, pretrain, read_lines, rows_of

CONFIG = PretrainConfig(
    steps=6, rows=4, length=16, rate=1e-2, warmup=1, save_every=3, held_out_rows=4, precision="fp32"
)
LINES = ["王总说要等财政拨款", "李工觉得报价偏高", "客户在用大族的激光切割机"] * 12


class PowerCutError(Exception):
    """What ends a training in the middle."""


@pytest.fixture(scope="module")
def rows(tokenizer: Tokenizer) -> np.ndarray:
    return rows_of(iter(LINES), tokenizer, CONFIG.length, seed=0)


def test_it_goes_on_from_its_last_checkpoint(encoder: Path, rows: np.ndarray, tmp_path: Path):
    def cut(stage: str, step: int, total: int, figures: dict[str, float]) -> None:
        if step == 5:
            raise PowerCutError

    def run(folder: Path, progress=lambda *_: None) -> dict[str, torch.Tensor]:
        torch.manual_seed(0)  # the head that the checkpoint lacks
        pretrain(encoder, folder, rows, CONFIG, seed=3, device="cpu", progress=progress)
        return AutoModelForMaskedLM.from_pretrained(folder).state_dict()

    straight = run(tmp_path / "straight")
    with pytest.raises(PowerCutError):
        run(tmp_path / "cut", cut)
    resumed = run(tmp_path / "cut")
    assert all(torch.equal(resumed[name], weight) for name, weight in straight.items())
    assert json.loads((tmp_path / "cut/state.json").read_text()) == {"step": 6, "precision": "fp32"}
    log = [json.loads(line) for line in (tmp_path / "straight/held_out.jsonl").read_text().splitlines()]
    assert [entry["step"] for entry in log] == [3, 6]
    assert log[1]["held_out"] < log[0]["held_out"]


def test_what_goes_on_keeps_its_precision(encoder: Path, rows: np.ndarray, tmp_path: Path):
    """Begun in bf16, it stays so, whatever the recipe says or a measurement would say now."""
    for steps, precision in ((3, "bf16"), (6, "fp32")):
        config = CONFIG.model_copy(update={"steps": steps, "precision": precision})
        pretrain(encoder, tmp_path / "a", rows, config, seed=3, device="cpu", progress=lambda *_: None)
    assert json.loads((tmp_path / "a/state.json").read_text()) == {"step": 6, "precision": "bf16"}


def test_a_fifth_of_the_characters_is_asked_for(rows: np.ndarray):
    ids = torch.from_numpy(np.tile(rows, (40, 1)))
    given, labels = hide(ids, 0.2, 60, torch.Generator().manual_seed(0))
    asked = labels != IGNORED
    assert 0.15 < asked.float().mean() < 0.25
    assert torch.equal(given[~asked], ids[~asked])
    assert 0.7 < (given[asked] == MASK).float().mean() < 0.9


def test_files_of_a_grade_not_allowed_are_not_read(tmp_path: Path):
    for name, line in {"05_docs": "开放的", "07_forum": "别人的"}.items():
        (tmp_path / f"{name}.txt.zst").write_bytes(zstandard.compress(f"{line}\n".encode()))
    assert list(read_lines(tmp_path, PretrainConfig(grades=("A",)))) == ["开放的\n"]
    with pytest.raises(ModelError, match="A-"):
        list(read_lines(tmp_path, PretrainConfig(grades=("A-",))))
