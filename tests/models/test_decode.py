"""Logits become findings: peaks, their mass, their value."""

from __future__ import annotations

import numpy as np

from models.decode import decode
from models.labels import Labels

LABELS = Labels(("contact_person", "decision_role"), {"decision_role": ("决策者", "影响者")})


def logits(length: int) -> tuple[np.ndarray, np.ndarray]:
    scores = np.full((2, length, length), -20.0, dtype=np.float32)
    return scores, np.zeros((length, 3 * LABELS.width), dtype=np.float32)


def test_overlapping_spans_of_a_field_are_one_finding_with_their_joint_mass():
    scores, parts = logits(6)
    scores[0, 1, 2] = 0.0
    scores[0, 1, 3] = -0.1
    found = decode(scores, parts, LABELS)
    assert [(f.field, f.start, f.end) for f in found] == [("contact_person", 1, 3)]
    assert 0.7 < found[0].mass < 0.8  # 1 − (1 − 0.5)(1 − 0.475)


def test_one_span_can_carry_two_fields_and_two_values():
    scores, parts = logits(4)
    scores[:, 0, 1] = 5.0
    found = decode(scores, parts, LABELS)
    assert {(f.field, f.value) for f in found} == {
        ("contact_person", None), ("decision_role", "决策者"), ("decision_role", "影响者"),
    }  # fmt: skip


def test_nothing_above_the_floor_is_nothing():
    assert decode(*logits(3), LABELS) == []
