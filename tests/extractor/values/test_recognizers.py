"""A suite that nobody of this project wrote; what it expects and we do not give is listed in known_gaps.yaml."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
import yaml

from extractor.values.finder import find_values
from extractor.values.render import found_json
from tests.extractor.values.judge import one, passes

HERE = Path(__file__).parent
CASES = [json.loads(line) for line in (HERE / "recognizers.jsonl").read_text(encoding="utf-8").splitlines()]
GAPS = yaml.safe_load((HERE / "known_gaps.yaml").read_text(encoding="utf-8"))
WITHOUT_REFERENCE = dt.datetime(2024, 5, 15, 10)


def holds(case: dict) -> bool:
    now = dt.datetime.fromisoformat(case["reference_time"]) if case["reference_time"] else WITHOUT_REFERENCE
    found = find_values(case["text"], now)
    ours = [item for f in found for item in one(found_json(f))]
    return passes(case, [o for o in ours if o["type"] != "numberrange"], now, "exclusive")


@pytest.mark.parametrize("case", [c for c in CASES if c["id"] not in GAPS], ids=lambda c: c["id"])
def test_case_holds(case: dict):
    assert holds(case)


@pytest.mark.parametrize("case", [c for c in CASES if c["id"] in GAPS], ids=lambda c: c["id"])
def test_gap_is_still_one(case: dict):
    assert not holds(case), "it holds now: take it off known_gaps.yaml"


def test_at_least_95_of_100_hold():
    assert len(GAPS) <= 0.05 * len(CASES)
    assert GAPS.keys() <= {c["id"] for c in CASES}
