"""Weak labels: what rules may teach, what they may not, and where it came from."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import zstandard

from extractor.errors import ModelError
from extractor.pipeline import Engine, load_engine
from extractor.types import Candidate, Span
from models.labels import FIELDNOTE
from models.tokens import Tokenizer
from models.train.batches import Collator
from models.train.config import TrainConfig, WeakConfig
from models.train.finetune import Beside, finetune
from models.train.losses import span_loss
from models.train.marks import Labelled, Mark
from models.train.network import HeadShape, SpanTagger
from models.train.run import Run, weakly
from models.train.weak import Weak, load_weak, save_weak, weak_notes
from tests.models.train.conftest import PLAIN, make_corpus

SALES = "客户说要等财政拨款下来再签合同"
NEWS = "球队在雨中赢得了比赛"
TEXTS = {
    "05_docs": ["供应商说先用自筹资金付款", NEWS],
    "07_questions": [SALES, "山上的花今年开得很好看"],
}
CONFIG = WeakConfig(marked=10, negatives=10, read=1, seen=1, right=0.5, sure=0.5, leave_out=(), files=("05", "07"))


@pytest.fixture(scope="module")
def engine() -> Engine:
    return load_engine()


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    for name, lines in TEXTS.items():
        (folder / f"{name}.txt.zst").write_bytes(zstandard.compress("\n".join(lines).encode()))
    return folder


class Doubter:
    """A judge that believes nothing but one span."""

    digest = "doubter"

    def tag(self, text: str) -> list[Candidate]:
        start = text.find("自筹")
        return [Candidate("budget_source", Span(start, start + 4), 0.9, "model:d", "自有资金")] if start >= 0 else []

    def tag_many(self, texts: list[str]) -> list[list[Candidate]]:
        return [self.tag(text) for text in texts]


def test_rules_that_were_right_teach_and_their_source_is_told(engine: Engine, notes: list[Labelled], raw: Path):
    weak = weak_notes(engine, notes, raw, CONFIG, seed=3)
    (taught,) = (n for n in weak.marked if n.text == SALES)
    assert [(m.field, m.value, taught.text[m.start : m.end]) for m in taught.marks] == [
        ("budget_source", "政府拨款", "财政拨款")
    ]
    assert taught.partial
    assert taught.known == ("budget_source",)
    assert NEWS in {n.text for n in weak.negatives}
    assert not {n.text for n in weak.negatives} & {n.text for n in weak.marked}
    assert weak.story["sources"]["07_questions.txt.zst"]["grade"] == "B"
    assert weak.story["fields"]["budget_source"] == len(weak.marked)
    assert weak_notes(engine, notes, raw, CONFIG, seed=3) == weak


def test_people_correct_rules(engine: Engine, notes: list[Labelled], raw: Path):
    """A rule that the labelled notes contradict teaches nothing."""
    denied = [Labelled(n.id, n.text, ()) for n in notes]
    assert not weak_notes(engine, denied, raw, CONFIG, seed=3).marked


def test_the_judge_and_the_grades_keep_sentences_out(engine: Engine, notes: list[Labelled], raw: Path):
    own = [Labelled("o", "今年先用自筹资金", (Mark("budget_source", "自有资金", 4, 8),)), *notes]
    judged = weak_notes(engine, own, raw, CONFIG, seed=3, judge=Doubter())
    assert [n.text for n in judged.marked] == [TEXTS["05_docs"][0]]
    only = CONFIG.model_copy(update={"grades": ("A",)})
    assert {n.origin[:2] for n in weak_notes(engine, own, raw, only, seed=3).notes} == {"05"}
    with pytest.raises(ModelError, match="A-"):
        weak_notes(engine, own, raw, CONFIG.model_copy(update={"grades": ("A-",)}), seed=3)


def test_they_come_back_as_they_were_kept(engine: Engine, notes: list[Labelled], raw: Path, tmp_path: Path):
    weak = weak_notes(engine, notes, raw, CONFIG, seed=3)
    save_weak(weak, tmp_path / "weak.jsonl")
    assert load_weak(tmp_path / "weak.jsonl") == Weak(weak.marked, weak.negatives, weak.story)


def test_absence_teaches_in_known_fields_only(encoder: Path, tokenizer: Tokenizer):
    model = SpanTagger.start_from(encoder, FIELDNOTE).eval()
    note = Labelled("w", SALES, (Mark("budget_source", "政府拨款", 5, 9),), partial=True, known=("budget_source",))
    batch = Collator(tokenizer, FIELDNOTE)([note])
    scores = model(batch.ids, batch.mask)[0].detach().requires_grad_()
    span_loss(scores, batch.targets).backward()
    source = FIELDNOTE.fields.index("budget_source")
    assert {cell[1] for cell in scores.grad.nonzero().tolist()} == {source}
    assert scores.grad[0, source, 6, 9] < 0 < scores.grad[0, source, 2, 3]


def test_a_run_makes_them_once(encoder: Path, notes: list[Labelled], raw: Path, tmp_path: Path):
    """A run that goes on teaches the sentences it began with."""
    corpus = make_corpus(tmp_path / "corpus", encoder, notes)
    config = TrainConfig(corpus=corpus, own_notes=(), weak=CONFIG, raw_text=raw, runs=tmp_path)
    first = weakly(Run(config, tmp_path, lambda *_: None))
    gone = config.model_copy(update={"raw_text": Path("gone")})
    assert first.notes
    assert weakly(Run(gone, tmp_path, lambda *_: None)) == first
    off = config.model_copy(update={"weak": WeakConfig(), "runs": tmp_path})
    assert not weakly(Run(off, tmp_path, lambda *_: None)).notes


def test_they_go_beside_the_notes_at_a_lower_weight(encoder: Path, tokenizer: Tokenizer, notes: list[Labelled]):
    """The same notes in the same order, and what is beside them moves the weights."""
    note = Labelled("w", "李工说要等财政", (Mark("contact_person", ".", 0, 2),), partial=True)
    losses, weights = [], []
    for beside in (Beside(), Beside([note], weight=0.0), Beside([note], weight=0.5)):
        torch.manual_seed(0)
        model = SpanTagger.start_from(encoder, FIELDNOTE, HeadShape(dropout=0))
        short = PLAIN.model_copy(update={"epochs": 2})
        trained, seen = finetune(model, notes, tokenizer, short, seed=1, weak=beside)
        losses.append(seen[0])
        weights.append(trained.state_dict()["edges.weight"])
    assert losses[0] == losses[1] == losses[2], "the first step's loss is that of the notes alone"
    assert torch.allclose(weights[0], weights[1])
    assert not torch.allclose(weights[0], weights[2])
