"""Calibrate a bundle's model against today's rules, score it, and seal the bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from extractor.contract import Contract, load_contract
from extractor.pipeline import Engine, Tagger
from models.bundle import Manifest, sha256, write_manifest
from models.fusion import UNFITTED, load_fusion, save_fusion
from models.labels import FIELDNOTE
from models.tagger import load_tagger
from models.train import fuse
from models.train.config import TrainConfig
from models.train.evaluate import evaluate
from models.train.gold import GoldNote, read_gold


def seal(config: TrainConfig, bundle: Path, *, made: Mapping[str, Any]) -> Manifest:
    """Write `calibrator.json` and the manifest of a folder that holds `model.onnx` and `vocab.txt`."""
    contract, file = load_contract(), config.development_file()
    tune, report = split(read_gold(file, contract))
    save_fusion(bundle / "calibrator.json", UNFITTED)
    write_manifest(bundle, config.name, FIELDNOTE, made={}, scores={})
    tagger = load_tagger(bundle)
    save_fusion(bundle / "calibrator.json", fuse.fit(contract, tagger, tune))
    shipped = Engine(contract, tagger=tagger, calibrator=load_fusion(bundle / "calibrator.json"))
    scores = {
        "development": sha256(file),
        **evaluate(shipped, report),
        "rules_alone": evaluate(Engine(contract), report),
        "model_alone": _fitted(without_rules(contract), tagger, tune, report),
        "halves_swapped": _fitted(contract, tagger, report, tune),
    }
    story = {
        "config": config.model_dump(mode="json"),
        "contract": contract.version,
        "calibrated_on": f"{len(tune)} even-numbered notes of {file.name}, scored on the {len(report)} odd ones",
        **made,
    }
    return write_manifest(bundle, config.name, FIELDNOTE, made=story, scores=scores)


def without_rules(contract: Contract) -> Contract:
    """The contract with its cues and parsers, but no rule that finds anything."""
    return replace(contract, fields={name: replace(f, rules=()) for name, f in contract.fields.items()})


def split(notes: Sequence[GoldNote]) -> tuple[list[GoldNote], list[GoldNote]]:
    """Notes to calibrate on (an even number in their name) and notes to report on (odd)."""
    tune = [n for n in notes if _number(n) % 2 == 0]
    return tune, [n for n in notes if _number(n) % 2 == 1]


def _number(note: GoldNote) -> int:
    return int("".join(c for c in note.note.id if c.isdigit()) or 0)


def _fitted(contract: Contract, tagger: Tagger, tune: Sequence[GoldNote], report: Sequence[GoldNote]) -> dict[str, Any]:
    engine = Engine(contract, tagger=tagger, calibrator=fuse.fit(contract, tagger, tune))
    return evaluate(engine, report)
