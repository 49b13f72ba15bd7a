"""A tiny network learns, repeats itself, goes on where it stopped, and exports to what it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from models.labels import FIELDNOTE
from models.tokens import Tokenizer
from models.train.batches import Collator
from models.train.config import FinetuneConfig
from models.train.finetune import finetune
from models.train.losses import span_loss
from models.train.marks import Labelled, Mark
from models.train.network import HeadShape, SpanTagger
from models.train.predict import predict
from tests.models.train.conftest import PLAIN

Train = Callable[..., SpanTagger]


class PowerCutError(Exception):
    """What ends a training in the middle."""


def cut_at(last: int) -> Callable[..., None]:
    """A progress that ends the training at that step."""

    def cut(stage: str, step: int, total: int, figures: dict[str, float]) -> None:
        if step == last:
            raise PowerCutError

    return cut


@pytest.fixture(scope="module")
def train(encoder: Path, notes: list[Labelled], tokenizer: Tokenizer) -> Train:
    def one(config: FinetuneConfig = PLAIN, **options: object) -> SpanTagger:
        torch.manual_seed(1)
        model = SpanTagger.start_from(encoder, FIELDNOTE, HeadShape(pointer=16, hidden=16, dropout=config.dropout))
        return finetune(model, notes, tokenizer, config, seed=1, **options)[0]

    return one


@pytest.fixture(scope="module")
def trained(train: Train) -> SpanTagger:
    return train().eval()


def test_it_learns_its_notes(trained: SpanTagger, notes: list[Labelled], tokenizer: Tokenizer):
    found = predict(trained, [n.text for n in notes], tokenizer)
    for note, items in zip(notes, found, strict=True):
        ours = {(f.field, f.start, f.end) for f in items if f.mass * f.share > 0.5}
        assert ours == {(m.field, m.start, m.end) for m in note.marks}


def test_kept_weights_lie_between_those_before_and_after_also_after_a_stop(train: Train, tmp_path: Path):
    plain = FinetuneConfig(epochs=3)
    mixed = plain.model_copy(update={"keep": 0.25})
    none = train(plain.model_copy(update={"epochs": 0, "rate": 1e-30, "head_rate": 1e-30})).state_dict()
    after, kept = train(plain).state_dict(), train(mixed).state_dict()
    for name, weight in kept.items():
        torch.testing.assert_close(weight, 0.75 * after[name] + 0.25 * none[name], msg=name)

    with pytest.raises(PowerCutError):
        train(mixed, checkpoint=tmp_path / "checkpoint.pt", progress=cut_at(2))
    again = train(mixed, checkpoint=tmp_path / "checkpoint.pt").state_dict()
    assert all(torch.equal(weight, again[name]) for name, weight in kept.items())


def test_a_training_cut_off_goes_on_as_if_it_had_not_been(train: Train, tmp_path: Path):
    config = FinetuneConfig(epochs=6)
    straight = train(config).state_dict()

    with pytest.raises(PowerCutError):
        train(config, checkpoint=tmp_path / "checkpoint.pt", progress=cut_at(4))
    resumed = train(config, checkpoint=tmp_path / "checkpoint.pt").state_dict()
    assert all(torch.equal(resumed[name], weight) for name, weight in straight.items())


def test_a_partial_note_teaches_only_what_was_said_of_it(encoder: Path, tokenizer: Tokenizer):
    model = SpanTagger.start_from(encoder, FIELDNOTE).eval()
    text = "王总说要等财政拨款"
    said = Mark("contact_person", ".", 0, 2), Mark("budget_source", "政府拨款", 5, 9, denied=True)
    batch = Collator(tokenizer, FIELDNOTE)([Labelled("n", text, said, partial=True)])
    scores = model(batch.ids, batch.mask)[0].detach().requires_grad_()
    span_loss(scores, batch.targets).backward()
    person, source = (FIELDNOTE.fields.index(m.field) for m in said)
    assert {tuple(cell) for cell in scores.grad.nonzero().tolist()} == {(0, person, 1, 2), (0, source, 6, 9)}
    assert scores.grad[0, person, 1, 2] < 0 < scores.grad[0, source, 6, 9]
