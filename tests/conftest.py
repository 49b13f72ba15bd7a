"""What all tests share: the shipped contract and its rule engine, and the seeds' reference time."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import settings

from extractor.contract import Contract, load_contract
from extractor.pipeline import Engine
from extractor.types import Note, Result

# The same examples on every machine, and no time limit: machines are shared..
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")

SENT_AT = datetime.fromisoformat("2026-03-18T10:20+08:00")


@pytest.fixture(scope="session")
def contract() -> Contract:
    return load_contract()


@pytest.fixture(scope="session")
def rules(contract: Contract) -> Engine:
    """The engine on rules alone."""
    return Engine(contract)


@pytest.fixture(scope="session")
def read(rules: Engine):
    """Extract one sentence at the seeds' reference time."""

    def run(text: str) -> Result:
        return rules.extract(Note("n", text, SENT_AT))

    return run
