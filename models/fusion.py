"""Fusion: what rules and model say about one finding becomes the share of such findings that are right.

A logistic regression on a handful of features (`features`), fitted on notes neither side was made from. Each field has
weights of its own, drawn towards those of all fields, so that a field with few findings stays near the common map.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as member
from pathlib import Path

from extractor.errors import ModelError
from extractor.types import Candidate, Claim

NAMES = ("bias", "rule", "rule_logit", "model", "model_logit", "both", "uncertain")
EDGE = 0.005  # scores are kept this far from 0 and 1


def features(candidates: Sequence[Candidate], claim: Claim) -> tuple[float, ...]:
    """Features in the order of `NAMES`; logits of the best rule and the best model candidate, 0 where there is none."""
    rule = max((c.score for c in candidates if c.source.startswith("rule:")), default=None)
    model = max((c.score for c in candidates if c.source.startswith("model:")), default=None)
    return (
        1.0,
        float(rule is not None),
        _logit(rule),
        float(model is not None),
        _logit(model),
        float(rule is not None and model is not None),
        float(not claim.certain),
    )


def _logit(score: float | None) -> float:
    if score is None:
        return 0.0
    score = min(max(score, EDGE), 1 - EDGE)
    return math.log(score / (1 - score))


@dataclass(frozen=True, slots=True)
class Fusion:
    """The `Calibrator` of a bundle: weights of all fields, and of each field that has its own.

    `thresholds`: from which probability a field is filled; below it the finding is shown as unsure.
    """

    shared: tuple[float, ...]
    fields: Mapping[str, tuple[float, ...]]
    digest: str
    thresholds: Mapping[str, float] = member(default_factory=dict)

    def __call__(self, field: str, candidates: Sequence[Candidate], claim: Claim) -> float:
        return self.score(field, features(candidates, claim))

    def score(self, field: str, x: Sequence[float]) -> float:
        """The probability for a finding of these features."""
        total = sum(w * v for w, v in zip(self.fields.get(field, self.shared), x, strict=True))
        return round(1 / (1 + math.exp(-min(max(total, -30.0), 30.0))), 4)


def load_fusion(file: Path) -> Fusion:
    """Read `calibrator.json`. Raises ModelError."""
    try:
        text = file.read_text(encoding="utf-8")
        data = json.loads(text)
        fields = {name: tuple(map(float, weights)) for name, weights in data["fields"].items()}
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        return Fusion(tuple(map(float, data["shared"])), fields, digest, data["thresholds"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{file} 不是校准文件：{error}；重新取得这个模型目录") from error


def save_fusion(file: Path, fusion: Fusion) -> None:
    """Write `calibrator.json` with the names of the features beside the weights."""
    data = {
        "features": NAMES,
        "shared": [round(w, 4) for w in fusion.shared],
        "fields": {name: [round(w, 4) for w in weights] for name, weights in sorted(fusion.fields.items())},
        "thresholds": {name: round(t, 2) for name, t in sorted(fusion.thresholds.items())},
    }
    file.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


UNFITTED = Fusion((0.0,) * len(NAMES), {}, "unfitted")  # 0.5 for everything
