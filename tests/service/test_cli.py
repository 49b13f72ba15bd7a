"""The command line as other programs call it."""

from __future__ import annotations

import csv
import json

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from service.cli import app

SEED = {"id": "1", "text": "王总说要等财政拨款", "sent_at": "2026-03-18T10:20:00+08:00"}


@pytest.fixture
def run():
    return lambda *args: CliRunner().invoke(app, [str(a) for a in args])


def jsonl(path, *rows):
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows), encoding="utf-8")
    return path


def test_one_note_as_json(run):
    answer = run("extract", SEED["text"], "--sent-at", "2026-03-18T10:20+08:00", "--json", "--no-model")
    assert answer.exit_code == 0
    fields = json.loads(answer.stdout)["fields"]
    assert ("budget_source", "政府拨款") in [(f["field"], f["value"]) for f in fields]


def test_one_note_as_table_with_trace(run):
    answer = run("extract", "不用等财政了，自己出", "--sent-at", "2026-03-18T10:20+08:00", "--explain", "--no-model")
    assert answer.exit_code == 0
    assert "自有资金" in answer.stdout
    assert "被否定" in answer.stdout


def test_a_bad_line_stands_in_its_place(run, tmp_path):
    source = jsonl(
        tmp_path / "in.jsonl",
        SEED,
        "{not json",
        {"id": "3", "sent_at": "x"},
        {**SEED, "id": "4", "sent_at": "2026-03-18"},
        {**SEED, "id": "5"},
    )
    target = tmp_path / "out.jsonl"
    assert run("extract", "--input", source, "--output", target, "--no-model").exit_code == 0
    rows = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [r.get("id") for r in rows] == ["1", None, "3", "4", "5"]
    assert [r.get("error", {}).get("code") for r in rows] == [
        None,
        "note.bad_json",
        "note.no_text",
        "note.no_zone",
        None,
    ]
    assert rows[0]["fields"] == rows[4]["fields"]


def test_csv_and_parquet(run, tmp_path):
    source = jsonl(tmp_path / "in.jsonl", SEED)
    for suffix in ("csv", "parquet"):
        assert run("extract", "--input", source, "--output", tmp_path / f"out.{suffix}", "--no-model").exit_code == 0
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    table = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [r["value"] for r in rows] == [r["value"] for r in table]
    assert "政府拨款" in [r["value"] for r in table]


def test_values(run, tmp_path):
    source = jsonl(tmp_path / "in.jsonl", {"id": "a", "text": "下周三", "reference_time": "2026-03-18T10:20:00"})
    answer = run("values", "--input", source)
    (row,) = [json.loads(line) for line in answer.stdout.splitlines()]
    assert row["values"][0]["value"]["start"] == "2026-03-25T00:00:00"


def test_check_of_the_shipped_contract(run):
    answer = run("check")
    assert answer.exit_code == 0, answer.output
    assert "19 个字段" in answer.stdout


@pytest.mark.parametrize("args", [("extract",), ("extract", "x", "--input", __file__), ("values",), ("nonsense",)])
def test_usage_errors_exit_2(run, args):
    assert run(*args).exit_code == 2


def test_wrong_contract_exits_1(tmp_path):
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-c", "from service.cli import main; main()", "check", "--contract", str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "fields" in done.stderr
    assert "Traceback" not in done.stderr
