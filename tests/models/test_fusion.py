"""Fusion: more agreement, more confidence; a fit that follows the data; files that are checked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from extractor.errors import ModelError
from extractor.types import Candidate, Claim, Span
from models.bundle import DEFAULT
from models.fusion import NAMES, Fusion, load_fusion, save_fusion
from models.train.fuse import HIGHEST, LOWEST, START, Row, logistic, regress, thresholds

RULE = Candidate("budget_source", Span(0, 2), 0.9, "rule:budget_source/x")
MODEL = Candidate("budget_source", Span(0, 2), 0.9, "model:m")


def test_the_shipped_fusion_trusts_agreement_more_than_either():
    fusion = load_fusion(DEFAULT / "calibrator.json")
    both, rule, model = (fusion("budget_source", c, Claim()) for c in ((RULE, MODEL), (RULE,), (MODEL,)))
    assert both > rule
    assert both > model


def test_regression_finds_the_share_that_is_right():
    x = np.tile([1.0, 0, 0, 1, 2.0, 0, 0], (400, 1))
    right = (np.arange(400) % 4 != 0).astype(float)
    weights = logistic(x, right, centre=START, pull=0.1)
    assert abs(1 / (1 + np.exp(-(x[0] @ weights))) - 0.75) < 0.01


def test_a_field_with_few_findings_stays_near_all_fields():
    sure = (1.0, 0.0, 0.0, 1.0, 3.0, 0.0, 0.0)
    rows = [Row("much", sure, True)] * 200 + [Row("little", sure, False)]
    fusion = regress(rows)
    assert fusion("little", [MODEL], Claim()) > 0.5


def test_written_and_read(tmp_path: Path):
    fusion = Fusion((0.5,) * len(NAMES), {"a": (1.0,) * len(NAMES)}, "any", {"a": 0.4})
    save_fusion(tmp_path / "calibrator.json", fusion)
    again = load_fusion(tmp_path / "calibrator.json")
    assert (again.shared, again.fields, again.thresholds) == (fusion.shared, fusion.fields, fusion.thresholds)


def test_a_broken_file_says_so(tmp_path: Path):
    (tmp_path / "calibrator.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match="重新取得"):
        load_fusion(tmp_path / "calibrator.json")


def test_a_field_read_badly_is_filled_from_a_lower_probability():
    sure = (1.0, 0.0, 0.0, 1.0, 3.0, 0.0, 0.0)
    rows = [Row("good", sure, True)] * 60 + [Row("bad", sure, n % 2 == 0) for n in range(60)]
    found = thresholds(regress(rows), rows, {"good": 60, "bad": 60})
    assert LOWEST <= found["bad"] < found["good"] <= HIGHEST
