"""`fieldnote train` from config to sealed bundle, on a corpus of four notes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from extractor.errors import ModelError
from models.bundle import load_bundle, sha256
from models.registry import Registry
from models.tagger import load_tagger
from models.tokens import Tokenizer
from models.train import export
from models.train.config import GateConfig, TrainConfig, load_config
from models.train.marks import Labelled
from models.train.run import restored, train
from tests.models.train.conftest import PLAIN, make_corpus

EASY = GateConfig(spans=0.5, f1_points=50, slower=10)
Started = Callable[[], None]


@pytest.fixture(scope="module")
def config(encoder: Path, notes: list[Labelled], tmp_path_factory: pytest.TempPathFactory) -> TrainConfig:
    corpus = make_corpus(tmp_path_factory.mktemp("corpus"), encoder, notes)
    return TrainConfig(
        name="tiny", threads=1, corpus=corpus, own_notes=(), finetune=PLAIN, gate=EASY, runs=corpus / "runs",
        registry=corpus / "registry",
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(config: TrainConfig) -> Path:
    """The folder of a finished run."""
    train(config, progress=lambda *_: None)
    return config.runs / "tiny"


def test_a_run_ends_in_a_bundle_that_knows_where_it_comes_from(config: TrainConfig, folder: Path):
    bundle = load_bundle(folder / "bundle")
    made = bundle.manifest.made
    assert made["data"] == {"t1.marked.jsonl": sha256(config.root() / "notes/t1.marked.jsonl")}
    assert made["config"]["seed"] == config.seed
    assert made["parity"]["f1_fp32"] == 1.0
    assert {"micro", "fields", "rules_alone", "model_alone", "development"} <= bundle.manifest.scores.keys()
    assert (folder / "losses.svg").stat().st_size


def test_the_runtime_finds_what_was_taught(folder: Path, notes: list[Labelled]):
    tagger = load_tagger(folder / "bundle")
    for note, found in zip(notes, tagger.tag_many([n.text for n in notes]), strict=True):
        sure = {(c.field, c.span.start, c.span.end, c.hint) for c in found if c.score > 0.5}
        assert sure == {(m.field, m.start, m.end, None if m.value == "." else m.value) for m in note.marks}


def test_a_second_run_keeps_the_weights_and_seals_the_same(config: TrainConfig, folder: Path):
    before = (folder / "weights.pt").stat().st_mtime_ns, load_bundle(folder / "bundle").digest
    train(config, progress=lambda *_: None)
    assert ((folder / "weights.pt").stat().st_mtime_ns, load_bundle(folder / "bundle").digest) == before


def test_a_run_is_registered_and_must_not_be_slower_than_what_serves(config: TrainConfig, folder: Path):
    registry = Registry(config.registry)
    assert [b.digest for b in registry.versions()] == [load_bundle(folder / "bundle").digest]
    registry.promote("tiny", tolerance=0)
    train(config, progress=lambda *_: None)
    assert json.loads((folder / "speed.json").read_text())["incumbent"] == "tiny"
    impossible = config.model_copy(update={"gate": EASY.model_copy(update={"slower": 0.0})})
    with pytest.raises(ModelError, match="不放行"):
        train(impossible, progress=lambda *_: None)


def test_the_gate_refuses_an_export_that_differs(
    config: TrainConfig, folder: Path, notes: list[Labelled], tokenizer: Tokenizer
):
    model = restored(config.root() / "encoder", folder / "weights.pt", config)
    files = folder / "fp32.onnx", folder / "int8.onnx"
    with pytest.raises(ModelError, match="不放行"):
        export.gate(model, *files, notes, tokenizer, GateConfig(spans=1.01))
    with pytest.raises(ModelError, match="不放行"):
        export.gate(model, *files, notes, tokenizer, GateConfig(logits=0.0))


def test_a_misspelt_key_is_named(tmp_path: Path):
    (tmp_path / "c.yaml").write_text("finetune: {epoch: 3}\n", encoding="utf-8")
    with pytest.raises(ModelError, match=r"finetune\.epoch"):
        load_config(tmp_path / "c.yaml")


def test_the_shipped_config_is_valid():
    for file in Path("models/configs").glob("*.yaml"):
        assert load_config(file).name == file.stem
