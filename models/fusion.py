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
from pathlib import Path

from extractor.errors import ModelError
from extractor.types import Candidate, Claim

NAMES = ("bias", "rule", "rule_logit", "model", "model_logit", "both", "uncertain")
NOTHING = (0.0,) * len(NAMES)  # weights of a fusion not fitted yet: 0.5 for everything
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
    """The `Calibrator` of a bundle: weights of all fields, and of each field that has its own."""

    shared: tuple[float, ...]
    fields: Mapping[str, tuple[float, ...]]
    digest: str

    def __call__(self, field: str, candidates: Sequence[Candidate], claim: Claim) -> float:
        weights = self.fields.get(field, self.shared)
        total = sum(w * x for w, x in zip(weights, features(candidates, claim), strict=True))
        return round(1 / (1 + math.exp(-min(max(total, -30.0), 30.0))), 4)


def load_fusion(file: Path) -> Fusion:
    """Read `calibrator.json`. Raises ModelError."""
    try:
        text = file.read_text(encoding="utf-8")
        data = json.loads(text)
        fields = {name: tuple(map(float, weights)) for name, weights in data["fields"].items()}
        return Fusion(tuple(map(float, data["shared"])), fields, hashlib.sha256(text.encode()).hexdigest()[:16])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{file} 不是校准文件：{error}；重新取得这个模型目录") from error


def save_fusion(file: Path, shared: Sequence[float], fields: Mapping[str, Sequence[float]]) -> None:
    """Write `calibrator.json` with the names of the features beside the weights."""
    data = {
        "features": NAMES,
        "shared": [round(w, 4) for w in shared],
        "fields": {name: [round(w, 4) for w in weights] for name, weights in sorted(fields.items())},
    }
    file.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
