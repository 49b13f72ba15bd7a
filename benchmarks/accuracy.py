"""Precision, recall and F1 per field on gold notes, by the scorer of the evaluation folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks import as_notes, evaluation, save, scorer
from extractor.pipeline import Engine
from extractor.render import result_json


def measure(engine: Engine, gold: list[dict[str, Any]], goldnotes: Any) -> dict[str, Any]:
    """The scorer's figures for one engine; which notes went wrong is left out, so that nobody fits to them."""
    predicted = [result_json(r) for r in engine.extract_many(as_notes(gold))]
    figures: dict[str, Any] = goldnotes.score(gold, predicted)
    del figures["errors"]
    return {"bundle": engine.bundle, "notes": len(gold), **figures}


def run(engine: Engine, *, folder: Path | None, name: str) -> dict[str, Any]:
    """Measure on the development set and save under `name`; with a model, on the half it was not calibrated on."""
    where = evaluation(folder)
    goldnotes = scorer(where)
    gold = goldnotes.read(str(where / "notes" / "dv.jsonl"))
    if engine.tagger is not None:
        gold = [row for row in gold if int("".join(c for c in row["id"] if c.isdigit()) or 0) % 2]
    figures = measure(engine, gold, goldnotes)
    save(name, figures)
    return figures
