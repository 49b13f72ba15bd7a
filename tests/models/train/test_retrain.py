"""Retraining on a corpus of four notes: on from the incumbent's weights, through the gate, or not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from annotation.dataset import save
from annotation.records import Record, Said
from annotation.retrain import Work, divided, held_out, retrain
from extractor.contract import load_contract
from extractor.errors import ModelError
from extractor.types import Span
from models.bundle import load_bundle, sha256
from models.registry import Registry
from models.train.config import GateConfig, TrainConfig
from models.train.marks import Labelled
from models.train.run import train
from tests.models.train.conftest import PLAIN, make_corpus

EASY = GateConfig(spans=0.5, f1_points=50, field_points=50, slower=10)
FRESH = Record("p1", "赵总说等财政拨款", (Said("contact_person", (Span(0, 2),), "赵总"),), complete=True)


class PowerCutError(Exception):
    """What ends a retraining in the middle."""


@pytest.fixture(scope="module")
def config(encoder: Path, notes: list[Labelled], tmp_path_factory: pytest.TempPathFactory) -> TrainConfig:
    corpus = make_corpus(tmp_path_factory.mktemp("again"), encoder, notes)
    made = TrainConfig(
        name="first", threads=1, corpus=corpus, own_notes=(), finetune=PLAIN, gate=EASY, runs=corpus / "runs",
        registry=corpus / "registry",
    )  # fmt: skip
    train(made, progress=lambda *_: None)
    short = PLAIN.model_copy(update={"epochs": 4})
    return made.model_copy(update={"finetune": short})


def people() -> list[Record]:
    return [FRESH, Record("p2", "有人看过，什么都没说")]


def work(config: TrainConfig, version: str) -> Work:
    return Work(config, config.registry / "first", version, config.registry, "demo")


def test_goes_on_from_what_serves_and_where_it_stopped(config):
    """Cut off in the middle, it trains on from there, on the notes it began with, and ends registered."""
    wanted, steps = work(config, "second"), []

    def cut(step: str, at: int, of: int, figures: dict) -> None:
        steps.append(step)
        if step == "fine-tune" and at > 2:
            raise PowerCutError

    with pytest.raises(PowerCutError):
        retrain(wanted, people, progress=cut)
    assert not (config.registry / "second").exists()

    def nobody() -> list[Record]:
        raise AssertionError("the notes were collected twice")

    made = retrain(wanted, nobody, progress=lambda step, *_: steps.append(step))
    assert made.registered, made.report.refused
    assert list(dict.fromkeys(steps)) == ["dataset", "fine-tune", "gate", "register"]
    manifest = Registry(config.registry).get("second").manifest
    facts = json.loads((wanted.dataset / "dataset.json").read_text(encoding="utf-8"))
    assert (facts["train"]["notes"], facts["test"]["notes"]) == (1, 0), "what teaches nothing is left out"
    assert made.data["digest"] == manifest.made["dataset"]["digest"] == facts["digest"]
    assert manifest.made["data"]["people.jsonl"] == sha256(wanted.dataset / "train.jsonl")
    assert manifest.made["config"]["tenant"] == "demo"
    assert manifest.made["config"]["weights"].endswith("first/weights.pt")
    before, after = (torch.load(config.runs / name / "weights.pt") for name in ("first", "second"))
    moved = max(float((after[k] - before[k]).abs().max()) for k in before)
    assert 0 < moved < 0.2, "weights that began anew would be far away"


@pytest.mark.heavy
def test_a_candidate_that_loses_is_kept_out(config):
    """Trained to forget, it stays in its run folder, with the reasons."""
    wild = PLAIN.model_copy(update={"epochs": 6, "rate": 0.5, "head_rate": 0.5})
    strict = GateConfig(spans=0.0, f1_points=100, field_points=1, slower=10)
    wanted = work(config.model_copy(update={"finetune": wild, "gate": strict}), "third")
    made = retrain(wanted, people, progress=lambda *_: None)
    assert not made.registered
    assert not (config.registry / "third").exists()
    told = json.loads((wanted.folder / "gate.json").read_text(encoding="utf-8"))
    assert {c["name"] for c in told["checks"] if not c["passed"]} & {"rare_fields", "regression", "calibration"}


def test_a_recipe_that_cannot_be_followed_says_so(config):
    wanted = work(config.model_copy(update={"corpus": Path("nowhere"), "start": Path("x")}), "fourth")
    with pytest.raises(ModelError, match="nowhere"):
        retrain(wanted, people, progress=lambda *_: None)


def test_the_incumbent_is_a_bundle(config):
    assert load_bundle(config.registry / "first").manifest.made["config"]["tenant"] is None


def customers_note(n: int, *, complete: bool) -> Record:
    text = f"{chr(0x4E00 + 37 * n) * 9}赵总"
    mark = Said("contact_person", (Span(9, 11),), "赵总")
    return Record(f"n{n}", text, (mark,), f"2026-01-01T{n // 60:02}:{n % 60:02}:00+08:00", f"客户{n}", complete)


def test_enough_whole_notes_are_held_out_as_a_second_check(tmp_path):
    """The latest customers' whole notes; a partial one may lie among them and is not scored."""
    few = [customers_note(n, complete=True) for n in range(200)]
    assert divided(few).test == ()
    many = [*few, *(customers_note(n, complete=n % 10 > 0) for n in range(200, 300))]
    frozen = divided(many)
    assert len(frozen.test) == 60
    save(frozen, tmp_path)
    held = held_out(tmp_path / "test.jsonl", load_contract())
    assert {n.note.id for n in held} == {f"n{n}" for n in range(240, 300) if n % 10}
    assert all(gold.field == "contact_person" and gold.value == "赵总" for n in held for gold in n.gold)


@pytest.mark.heavy
def test_a_tenants_own_notes_are_asked_a_second_time_whole_way(config):
    """With enough whole notes the gate's report holds the questions about them beside the others."""
    once = config.finetune.model_copy(update={"epochs": 0.2, "keep": 0.9})
    wanted = work(config.model_copy(update={"finetune": once}), "fifth")
    many = [customers_note(n, complete=True) for n in range(300)]
    made = retrain(wanted, lambda: many, progress=lambda *_: None)
    told = {c["name"] for c in json.loads((wanted.folder / "gate.json").read_text(encoding="utf-8"))["checks"]}
    assert {"micro", "own.micro", "own.rare_fields"} <= told
    assert made.data["test"]["complete"] >= 50
