"""Every example of every field file is a test; `todo` ones are strict expected failures (a gap that closed fails)."""

from __future__ import annotations

import pytest

from extractor.check import failures
from extractor.contract import load_contract

CASES = [
    pytest.param(field, number, example, id=f"{field.name}-{number}-{example.text[:16]}")
    for field in load_contract().fields.values()
    for number, example in enumerate(field.examples)
]


@pytest.mark.parametrize(("field", "number", "example"), CASES)
def test_example_holds(rules, field, number, example):
    assert [str(t) for t in failures(rules, field, number, example)] == []
