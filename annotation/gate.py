"""The gate: may a candidate take the incumbent's place? Every figure beside its limit, none decided in the dark.

`judge` only compares what was measured; whoever measured it says how. `doubtful` asks before anything is trained: a
field whose new labels contradict the serving model far more often than people err. `Scores` is what a manifest holds:
`{"development": digest, "micro": {"f1", …}, "fields": {name: {"f1", "gold"}}, "ece"}` (see `models/train/evaluate.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from annotation.doubts import Doubt
from annotation.regression import Outcome
from models.registry import ENOUGH

Scores = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a candidate may lose: F1 points (one field, all), calibration error, agreement of its export, time.

    `sigmas`: a field may lose so many standard deviations of chance where its gold is too scarce for `field_points`.
    `contradicted`: the share of sure findings of one field that new labels may contradict for certain.
    """

    field_points: float = 4.0
    sigmas: float = 1.5
    contradicted: float = 0.12
    micro_points: float = 0.5
    calibration: float = 0.03
    spans: float = 0.95
    export_points: float = 0.5
    slower: float = 1.15


@dataclass(frozen=True, slots=True)
class Check:
    """One question: `figure` is what was measured, `limit` what is still let through, `detail` says it to people."""

    name: str
    passed: bool
    figure: float | None
    limit: float | None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """All checks on one candidate."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        return bool(self.checks) and all(check.passed for check in self.checks)

    @property
    def refused(self) -> tuple[Check, ...]:
        """The checks that keep the candidate out."""
        return tuple(check for check in self.checks if not check.passed)

    def to_json(self) -> dict[str, Any]:
        """`{"passed", "checks": [{"name", "passed", "figure", "limit", "detail"}]}`."""
        return {"passed": self.passed, "checks": [asdict(check) for check in self.checks]}


def judge(
    incumbent: Scores,
    candidate: Scores,
    *,
    regression: tuple[Sequence[Outcome], Sequence[Outcome]] | None = None,
    parity: Mapping[str, float] | None = None,
    times: float | None = None,
    limits: Limits | None = None,
) -> Report:
    """The report on a candidate.

    `regression`: outcomes of incumbent and candidate on the same cases; `parity`: figures of the export (`gate` in
    `models/train/export.py`); `times`: the candidate's time over the incumbent's, measured in one run. What was not
    measured is not judged; the scores always are, and scores of other notes are no scores.
    """
    limits = limits or Limits()
    checks = [*_scores(incumbent, candidate, limits)]
    if regression is not None:
        checks.append(_regression(*regression))
    if parity is not None:
        checks += _parity(parity, limits)
    if times is not None:
        checks.append(Check("latency", times <= limits.slower, round(times, 3), limits.slower, "用时与正在用的之比"))
    return Report(tuple(checks))


def refusal(name: str, detail: str) -> Report:
    """The report on a candidate that did not come as far as being measured."""
    return Report((Check(name, False, None, None, detail),))


def _scores(incumbent: Scores, candidate: Scores, limits: Limits) -> Iterator[Check]:
    same = incumbent.get("development") == candidate.get("development")
    yield Check("comparable", same, None, None, "" if same else "两个版本不是在同一份开发集上评分的，没法比较")
    if not same:
        return
    yield _lost("micro", incumbent["micro"]["f1"], candidate["micro"]["f1"], limits.micro_points, "全部字段的 F1")
    new = candidate["fields"]
    for name, row in sorted(incumbent["fields"].items()):
        gold = row.get("gold", ENOUGH)
        if gold >= ENOUGH:
            f1 = new.get(name, {}).get("f1", 0.0)
            yield _lost(f"field.{name}", row["f1"], f1, _chance(row["f1"], gold, limits), f"{gold} 个标注值")
    few = {n: r["gold"] for n, r in incumbent["fields"].items() if r.get("gold", ENOUGH) < ENOUGH}
    if few:
        yield _together(few, incumbent["fields"], new, limits)
    if "ece" in incumbent and "ece" in candidate:
        worse = candidate["ece"] - incumbent["ece"]
        yield Check("calibration", worse <= limits.calibration, round(worse, 4), limits.calibration, "校准误差的增加")


def doubtful(doubts: Mapping[str, Doubt], limits: Limits | None = None) -> Report:
    """May these labels teach? One check a field; a refused one names a field for the adjudicator."""
    limit = (limits or Limits()).contradicted
    return Report(
        tuple(
            Check(
                f"labels.{name}", doubt.least <= limit, round(doubt.least, 4), limit,
                f"模型有把握的 {doubt.sure} 处里，{doubt.contradicted} 处被标成了别的，请先仲裁",
            )
            for name, doubt in doubts.items()
        )
    )  # fmt: skip


def _chance(f1: float, gold: int, limits: Limits) -> float:
    """The points a field may lose: `field_points`, or what chance does to so few gold values, if that is more.

    Two models that share half of their errors differ by a standard deviation of √(f1 (1 − f1) / gold).
    """
    return max(limits.field_points, round(100 * limits.sigmas * math.sqrt(f1 * (1 - f1) / gold), 2))


def _lost(name: str, old: float, new: float, limit: float, what: str) -> Check:
    points = round(100 * (old - new), 2)
    return Check(name, points <= limit, points, limit, f"{what}：{old:.3f} → {new:.3f}")


def _together(few: Mapping[str, int], old: Mapping[str, Any], new: Mapping[str, Any], limits: Limits) -> Check:
    """Fields with too little gold to tell a loss from chance are judged together, weighted by their gold."""
    weight = sum(few.values()) or 1
    before = sum(old[name]["f1"] * gold for name, gold in few.items()) / weight
    after = sum(new.get(name, {}).get("f1", 0.0) * gold for name, gold in few.items()) / weight
    return _lost("rare_fields", before, after, limits.field_points, f"{len(few)} 个少见字段合计 {weight} 个标注值")


def _regression(incumbent: Sequence[Outcome], candidate: Sequence[Outcome]) -> Check:
    """Cases that the incumbent gets right and the candidate does not."""
    right = {outcome.case for outcome in incumbent if not outcome.wrong}
    broken = [o for o in candidate if o.wrong and o.case in right]
    detail = "；".join(f"{o.case}：{'、'.join(o.wrong)}" for o in broken[:5])
    return Check("regression", not broken, float(len(broken)), 0.0, detail or f"{len(candidate)} 条回归笔记没有退步")


def _parity(parity: Mapping[str, float], limits: Limits) -> Iterator[Check]:
    agree = parity["spans_int8_in_fp32"]
    yield Check("parity.spans", agree >= limits.spans, agree, limits.spans, "int8 与 fp32 找到同样的片段")
    lost = round(100 * (parity["f1_fp32"] - parity["f1_int8"]), 2)
    yield Check("parity.f1", lost <= limits.export_points, lost, limits.export_points, "int8 比 fp32 少的 F1 分")
