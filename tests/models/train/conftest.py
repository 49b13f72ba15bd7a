"""A tiny encoder with random weights as a local checkpoint, and a handful of labelled notes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from transformers import ModernBertConfig, ModernBertModel

from models.tokens import FIRST_CHARACTER, Tokenizer
from models.train.config import AugmentConfig, FinetuneConfig
from models.train.marks import Labelled, compile_marked

torch.set_num_threads(1)  # nets this small lose time on a second one

MARKED = (
    "[王总]{contact_person=.;decision_role=决策者}说要等[财政拨款]{budget_source=政府拨款}",
    "[李工]{contact_person=.;decision_role=影响者}觉得[报价偏高]{demand_tag~=价格敏感}",
    "今天没什么事",
    "客户在用[大族]{competitor=.}的[激光切割机]{equipment=.}，[总停机]{pain_point=.;demand_tag=质量稳定}",
)


NO_CHANGE = AugmentConfig(swap=0, digits=0, bare=0, join=0, slip=0)
PLAIN = FinetuneConfig(epochs=60, rate=3e-3, head_rate=1e-2, dropout=0, unknown=0, augment=NO_CHANGE, ema=0.5)


@pytest.fixture(scope="session")
def notes() -> list[Labelled]:
    return [compile_marked({"id": f"n{i}", "marked": text}, "n") for i, text in enumerate(MARKED)]


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_encoder(tmp_path_factory.mktemp("encoder"))


def make_encoder(folder: Path) -> Path:
    """A Hugging Face checkpoint folder: 2 layers × 32, one token a character."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[SPACE]", "[LINE]"]
    characters = sorted({c for text in MARKED for c in text if "\u4e00" <= c <= "\u9fff"})
    vocabulary = [*special, *(f"[unused{i}]" for i in range(len(special), FIRST_CHARACTER)), *characters, "，"]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    torch.manual_seed(0)
    config = ModernBertConfig(
        vocab_size=len(vocabulary), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=256, global_attn_every_n_layers=1, pad_token_id=0, cls_token_id=2, sep_token_id=3,
        bos_token_id=2, eos_token_id=3,
    )  # fmt: skip
    ModernBertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tokenizer(encoder: Path) -> Tokenizer:
    return Tokenizer.load(encoder / "vocab.txt")


def make_corpus(corpus: Path, encoder: Path, notes: list[Labelled]) -> Path:
    """A folder as `fieldnote train` wants it: encoder, lexicon, the four notes, and the same as development set."""
    shutil.copytree(encoder, corpus / "encoder")
    (corpus / "lexicon").mkdir()
    for name in ("surnames.tsv", "companies_cluener.tsv"):
        (corpus / "lexicon" / name).write_text("#word\n王\n", encoding="utf-8")
    (corpus / "notes").mkdir()
    marked = [json.dumps({"id": f"t{i}", "marked": text}, ensure_ascii=False) for i, text in enumerate(MARKED)]
    (corpus / "notes/t1.marked.jsonl").write_text("\n".join(marked), encoding="utf-8")
    (corpus / "dv.jsonl").write_text("\n".join(map(gold_line, notes)), encoding="utf-8")
    return corpus


def gold_line(note: Labelled) -> str:
    fields = [
        {
            "field": m.field,
            "value": note.text[m.start : m.end] if m.value == "." else m.value,
            "certain": m.certain,
            "evidence": [m.start, m.end],
        }
        for m in note.marks
    ]
    row = {"id": note.id, "text": note.text, "sent_at": "2026-03-18T10:20:00+08:00", "fields": fields}
    return json.dumps(row, ensure_ascii=False)
