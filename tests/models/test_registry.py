"""Versions are immutable, promotion is gated by field, rollback goes back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from extractor.errors import ModelError
from models.bundle import DEFAULT, load_bundle, write_manifest
from models.registry import Registry


def version(folder: Path, name: str, **f1: float) -> Path:
    """The shipped files under another name and with other scores."""
    shutil.copytree(DEFAULT, folder / name)
    fields = {field: {"f1": value} for field, value in f1.items()}
    write_manifest(folder / name, name, load_bundle(DEFAULT).labels, made={}, scores={"fields": fields})
    return folder / name


@pytest.fixture
def store(tmp_path: Path) -> Registry:
    registry = Registry(tmp_path / "registry")
    registry.root.mkdir()
    registry.add(version(tmp_path, "v1", budget_source=0.9, contact_person=0.9))
    registry.promote("v1", tolerance=4)
    return registry


def test_a_better_version_is_promoted_and_rolled_back(store: Registry, tmp_path: Path):
    store.add(version(tmp_path, "v2", budget_source=0.95, contact_person=0.88))
    assert store.promote("v2", tolerance=4) == ["budget_source 0.900 → 0.950", "contact_person 0.900 → 0.880"]
    assert store.current == "v2"
    assert store.rollback() == "v1"
    assert store.current == "v1"
    assert [e["event"] for e in store.history()] == ["promote", "promote", "rollback"]


def test_one_field_lost_is_refused_however_good_the_rest(store: Registry, tmp_path: Path):
    store.add(version(tmp_path, "v2", budget_source=0.99, contact_person=0.8))
    with pytest.raises(ModelError, match="contact_person"):
        store.promote("v2", tolerance=4)
    assert store.current == "v1"


def test_a_version_never_changes(store: Registry, tmp_path: Path):
    with pytest.raises(ModelError, match="不可改"):
        store.add(version(tmp_path / "other", "v1", budget_source=0.1))


def test_an_unknown_version_names_the_known(store: Registry):
    with pytest.raises(ModelError, match="v1"):
        store.get("v9")


def test_shipped_manifest_says_how_it_was_made():
    made = json.loads((DEFAULT / "manifest.json").read_text(encoding="utf-8"))["made"]
    assert {"contract", "config", "data", "calibrated_on", "parity"} <= made.keys()
    assert made["config"]["seed"] is not None
