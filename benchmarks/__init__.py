"""Measurements. Each writes `benchmarks/results/<name>.json`; the README's tables are drawn from those files."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from extractor.errors import FieldNoteError
from extractor.types import Note

RESULTS = Path(__file__).parent / "results"


class BenchError(FieldNoteError):
    """What a measurement needs is not there."""

    code = "bench.missing"


def evaluation(folder: Path | None) -> Path:
    """The folder with `goldnotes.py` and `notes/dv.jsonl` (`--eval`, or FIELDNOTE_EVAL)."""
    chosen = folder or Path(os.environ.get("FIELDNOTE_EVAL", "../shared/eval"))
    if not (chosen / "goldnotes.py").is_file():
        raise BenchError(f"{chosen} 里没有 goldnotes.py；用 --eval 或 FIELDNOTE_EVAL 指明评测目录")
    return chosen


def scorer(folder: Path) -> Any:
    """The scorer `goldnotes` as a module."""
    spec = importlib.util.spec_from_file_location("goldnotes", folder / "goldnotes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def as_notes(rows: Iterable[dict[str, Any]]) -> list[Note]:
    """Gold rows as notes."""
    return [Note(r["id"], r["text"], datetime.fromisoformat(r["sent_at"])) for r in rows]


def save(name: str, result: dict[str, Any]) -> Path:
    """Write a result with the machine it was measured on."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    machine = {"processor": _processor(), "cores": os.cpu_count(), "python": platform.python_version()}
    path.write_text(json.dumps({"machine": machine, **result}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
