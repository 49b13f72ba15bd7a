"""A tiny network learns, repeats itself, goes on where it stopped, and exports to what it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from models.labels import FIELDNOTE
from models.tokens import Tokenizer
from models.train.config import FinetuneConfig
from models.train.finetune import finetune
from models.train.marks import Labelled
from models.train.network import HeadShape, SpanTagger
from models.train.predict import predict
from tests.models.train.conftest import PLAIN

Train = Callable[..., SpanTagger]


class PowerCutError(Exception):
    """What ends a training in the middle."""


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


def test_a_training_cut_off_goes_on_as_if_it_had_not_been(train: Train, tmp_path: Path):
    config = FinetuneConfig(epochs=6)
    straight = train(config).state_dict()

    def cut(stage: str, step: int, total: int, figures: dict[str, float]) -> None:
        if step == 4:
            raise PowerCutError

    with pytest.raises(PowerCutError):
        train(config, checkpoint=tmp_path / "checkpoint.pt", progress=cut)
    resumed = train(config, checkpoint=tmp_path / "checkpoint.pt").state_dict()
    assert all(torch.equal(resumed[name], weight) for name, weight in straight.items())
