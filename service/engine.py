"""The one place that puts a bundle together: contract, rules, tagger, calibrator."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from extractor.pipeline import Engine, load_engine
from extractor.render import result_json
from extractor.types import Json, Note, Result


def open_engine(contract: str | None = None, *, model: str | None = None, use_model: bool = True) -> Engine:
    """The engine the settings ask for (`FIELDNOTE_CONTRACT`, `FIELDNOTE_MODEL`), or the shipped one.

    Raises ContractError or ModelError.
    """
    contract = contract or os.environ.get("FIELDNOTE_CONTRACT")
    folder = _bundle(model or os.environ.get("FIELDNOTE_MODEL")) if use_model else None
    if folder is None:
        return load_engine(contract)
    from models.fusion import load_fusion
    from models.tagger import load_tagger

    return load_engine(contract, tagger=load_tagger(folder), calibrator=load_fusion(folder / "calibrator.json"))


def warm(engine: Engine) -> None:
    """Read the contract's examples once: rules are compiled at first use, and the first notes need not wait for it."""
    for field in engine.contract.fields.values():
        for example in field.examples:
            engine.reconcile(Note("", example.text, datetime.now(UTC)), ())
    engine.extract(Note("", "暖机", datetime.now(UTC)))


def traced_json(result: Result, *, explain: bool = False) -> dict[str, Json]:
    """The answer for a note, with what it takes back under `dropped` even where no trace is asked for."""
    answer = result_json(result, explain=explain)
    if not explain and any(lost.stage == "claim" for lost in result.dropped):
        answer["dropped"] = result_json(result, explain=True)["dropped"]
    return answer


def _bundle(chosen: str | None) -> Path | None:
    """The bundle asked for, or the shipped one where this installation has it."""
    from models.bundle import DEFAULT

    return Path(chosen) if chosen else DEFAULT if DEFAULT.is_dir() else None
