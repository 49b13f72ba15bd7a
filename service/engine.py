"""The one place that puts a bundle together: contract, rules, tagger, calibrator."""

from __future__ import annotations

import os
from pathlib import Path

from extractor.pipeline import Engine, load_engine


def open_engine(contract: str | None = None, *, model: str | None = None, use_model: bool = True) -> Engine:
    """The engine the settings ask for (`FIELDNOTE_CONTRACT`, `FIELDNOTE_MODEL`), or the shipped one.

    Raises ContractError or ModelError.
    """
    root = contract or os.environ.get("FIELDNOTE_CONTRACT")
    if not use_model:
        return load_engine(root)
    folder = model or os.environ.get("FIELDNOTE_MODEL")
    return load_engine(root, **_model(Path(folder) if folder else None))


def _model(folder: Path | None) -> dict[str, object]:
    return {}
