"""`fieldnote models …` as a person types it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from extractor.errors import ModelError
from models.bundle import DEFAULT, load_bundle, write_manifest
from service.cli import app

RUN = CliRunner()


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """Three versions: v2 is better than v1, v3 is worse on one field."""
    for name, f1 in {"v1": 0.8, "v2": 0.9, "v3": 0.7}.items():
        shutil.copytree(DEFAULT, tmp_path / name)
        row = {"p": f1, "r": f1, "f1": f1, "gold": 40}
        scores = {"micro": row, "fields": {"budget_source": row}}
        write_manifest(tmp_path / name, name, load_bundle(DEFAULT).labels, made={}, scores=scores)
        say("add", str(tmp_path / name), registry=tmp_path / "registry")
    return tmp_path / "registry"


def say(*words: str, registry: Path) -> str:
    done = RUN.invoke(app, ["models", *words, "--registry", str(registry)], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_list_shows_what_serves(registry: Path):
    say("promote", "v1", registry=registry)
    lines = say("list", registry=registry).splitlines()
    assert [line for line in lines if "*" in line] == [line for line in lines if "v1" in line]


def test_show_prints_the_manifest(registry: Path):
    assert json.loads(say("show", "v2", registry=registry))["name"] == "v2"


def test_compare_promote_rollback(registry: Path):
    assert "budget_source 0.800 → 0.900" in say("compare", "v1", "v2", registry=registry)
    say("promote", "v1", registry=registry)
    say("promote", "v2", registry=registry)
    assert (registry / "current").resolve().name == "v2"
    assert "v1" in say("rollback", registry=registry)
    assert (registry / "current").resolve().name == "v1"


def test_a_worse_version_is_refused_with_the_field(registry: Path):
    say("promote", "v2", registry=registry)
    with pytest.raises(ModelError, match=r"budget_source −20\.0"):
        say("promote", "v3", registry=registry)


def test_what_serves_can_be_loaded_by_its_link(registry: Path):
    say("promote", "v2", registry=registry)
    assert load_bundle(registry / "current").manifest.name == "v2"
