"""The commands `fieldnote annotation` and `fieldnote dataset` on files."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from annotation.formats import FORMATS
from annotation.records import Record, RecordError, Said
from extractor.errors import FieldNoteError
from extractor.types import Span
from service.cli import app

NOTES = [
    Record(f"n{n}", f"{name}说要等财政拨款", (Said("budget_source", (Span(5, 7),), "政府拨款"),), customer=name)
    for n, name in enumerate(("王总👍", "李厂长", "赵主任"))
]  # fmt: skip


def run(*words: object):
    return CliRunner().invoke(app, [str(w) for w in words], catch_exceptions=True)


def test_convert_there_and_back(tmp_path: Path) -> None:
    first, there, back = (tmp_path / name for name in ("a.jsonl", "b.conll", "c.jsonl"))
    first.write_bytes(FORMATS["jsonl"].write(NOTES))
    assert run("annotation", "convert", first, there, "--from", "jsonl", "--to", "conll").exit_code == 0
    assert run("annotation", "convert", there, back, "--from", "conll", "--to", "jsonl").exit_code == 0
    assert back.read_bytes() == first.read_bytes()
    refused = run("annotation", "convert", first, back, "--from", "jsonl", "--to", "brat")
    assert isinstance(refused.exception, FieldNoteError)


def test_formats_by_the_files_names(tmp_path: Path) -> None:
    """Every format has a suffix of its own; a name that says nothing asks for the option."""
    file = tmp_path / "a.jsonl"
    file.write_bytes(FORMATS["jsonl"].write(NOTES))
    for suffix in (s for f in FORMATS.values() for s in f.suffixes):
        there, back = tmp_path / f"there{suffix}", tmp_path / "back.jsonl"
        assert run("annotation", "convert", file, there).exit_code == 0
        assert run("annotation", "convert", there, back).exit_code == 0
        assert back.read_bytes() == file.read_bytes(), suffix
    assert "--to" in str(run("annotation", "convert", file, tmp_path / "a.txt").exception)
    file.write_text('{"id": "a", "text": "x", "marks": []}\nnonsense\n')
    error = run("annotation", "convert", file, tmp_path / "b.conll").exception
    assert isinstance(error, RecordError)
    assert "a.jsonl：第 2 行" in str(error)
    assert not (tmp_path / "b.conll").exists()


def test_export_from_the_database(tmp_path: Path) -> None:
    url, file = f"sqlite:///{tmp_path}/f.db", tmp_path / "out.jsonl"
    nobody = run("annotation", "export", file, "--tenant", "demo", "--database-url", url)
    assert isinstance(nobody.exception, FieldNoteError)
    assert run("keys", "create", "--tenant", "demo", "--scopes", "manage", "--database-url", url).exit_code == 0
    assert run("annotation", "export", file, "--tenant", "demo", "--database-url", url).exit_code == 0
    assert "fieldnote-export" in file.read_text(encoding="utf-8")


def test_freeze(tmp_path: Path) -> None:
    file, folder = tmp_path / "a.jsonl", tmp_path / "set"
    file.write_bytes(FORMATS["jsonl"].write(NOTES))
    done = run("dataset", "freeze", file, "--output", folder, "--test", "0.4", "--near", "1.0")
    assert done.exit_code == 0, done.output
    facts = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    assert (facts["train"]["notes"], facts["test"]["notes"]) == (2, 1)
    assert done.output.splitlines()[-1] == facts["digest"]
    again = run("dataset", "freeze", file, "--output", folder, "--test", "0.7", "--near", "1.0")
    assert isinstance(again.exception, RecordError)


@pytest.mark.parametrize("field", ["budget_source", "next_visit"])
def test_interface_has_every_field(field: str) -> None:
    assert f'<Label value="{field}"' in run("annotation", "config").output
