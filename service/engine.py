"""The one place that puts a bundle together: contract, rules, tagger, calibrator."""

from __future__ import annotations

import os

from extractor.pipeline import Engine, load_engine


def open_engine(contract: str | None = None, *, model: str | None = None, use_model: bool = True) -> Engine:
    """The engine the settings ask for (`FIELDNOTE_CONTRACT`, `FIELDNOTE_MODEL`), or the shipped one.

    Raises ContractError or ModelError.
    """
    return load_engine(contract or os.environ.get("FIELDNOTE_CONTRACT"))
