"""The gate lets a better candidate through and says of every other which figure keeps it out."""

from __future__ import annotations

import pytest

from annotation.doubts import doubts
from annotation.gate import doubtful, judge
from annotation.regression import Outcome, load_cases, run
from extractor.contract import load_contract
from extractor.errors import ContractError
from extractor.pipeline import Engine
from extractor.types import Candidate, Span
from models.train.marks import Labelled, Mark
from service.engine import open_engine

PARITY = {"spans_int8_in_fp32": 0.98, "f1_fp32": 0.83, "f1_int8": 0.829}
RIGHT = [Outcome("a"), Outcome("b")]


def scores(micro: float = 0.88, development: str = "dv", ece: float = 0.03, **f1: float) -> dict:
    fields = {"budget_source": (0.94, 18), "contact_person": (0.93, 45), "budget_cycle": (1.0, 6), "timeline": (0.8, 9)}
    rows = {name: {"f1": f1.get(name, old), "gold": gold} for name, (old, gold) in fields.items()}
    return {"development": development, "micro": {"f1": micro}, "ece": ece, "fields": rows}


@pytest.mark.parametrize(
    ("candidate", "measured", "refused"),
    [
        (scores(0.89), {}, []),
        (scores(0.878, budget_source=0.91, budget_cycle=0.9), {}, []),
        (scores(0.87), {}, ["micro"]),
        (scores(0.9, contact_person=0.88), {}, []),  # five points of 45 values: chance
        (scores(0.9, contact_person=0.87), {}, ["field.contact_person"]),
        (scores(0.9, budget_cycle=0.8, timeline=0.7), {}, ["rare_fields"]),
        (scores(0.9, ece=0.07), {}, ["calibration"]),
        (scores(0.99, development="other"), {}, ["comparable"]),
        (scores(), {"parity": {**PARITY, "spans_int8_in_fp32": 0.9}}, ["parity.spans"]),
        (scores(), {"parity": {**PARITY, "f1_int8": 0.8}}, ["parity.f1"]),
        (scores(), {"times": 1.3}, ["latency"]),
        (scores(), {"regression": (RIGHT, [Outcome("a"), Outcome("b", ("不该找到 timeline",))])}, ["regression"]),
        (scores(), {"regression": ([Outcome("a", ("?",)), Outcome("b")], [Outcome("a", ("?",)), Outcome("b")])}, []),
        (scores(), {"parity": PARITY, "times": 1.1, "regression": (RIGHT, RIGHT)}, []),
    ],
)
def test_what_keeps_a_candidate_out(candidate, measured, refused):
    report = judge(scores(), candidate, **measured)
    assert [check.name for check in report.refused] == refused
    assert report.passed == (not refused)
    told = report.to_json()["checks"]
    assert all(check["detail"] for check in told if not check["passed"])


def test_a_field_that_the_candidate_no_longer_has_is_lost():
    candidate = scores()
    del candidate["fields"]["contact_person"]
    assert [c.name for c in judge(scores(), candidate).refused] == ["field.contact_person"]


def labelled(wrong: int, of: int = 60) -> list[Labelled]:
    """Notes that say 财政拨款 twice over; the first `wrong` of them are labelled as another source."""
    values = ["自有资金"] * wrong + ["政府拨款"] * (of - wrong)
    marks = [(Mark("budget_source", value, 2, 6), Mark("contact_person", ".", 0, 2)) for value in values]
    return [Labelled(str(n), "王总财政拨款", pair) for n, pair in enumerate(marks)]


@pytest.mark.parametrize(("wrong", "refused"), [(0, []), (3, []), (9, []), (18, ["labels.budget_source"])])
def test_labels_that_contradict_what_the_model_is_sure_of_wait_for_an_adjudicator(wrong, refused):
    sure = Candidate("budget_source", Span(2, 6), 0.97, "model:m", "政府拨款")
    person = Candidate("contact_person", Span(0, 2), 0.99, "model:m")
    unsure = Candidate("budget_source", Span(2, 4), 0.4, "model:m", "银行贷款")
    notes = labelled(wrong)
    report = doubtful(doubts(notes, [[sure, person, unsure]] * len(notes)))
    assert [check.name for check in report.checks] == ["labels.budget_source", "labels.contact_person"]
    assert [check.name for check in report.refused] == refused


def test_words_that_nobody_labelled_contradict_nothing():
    unlabelled = [Labelled("n", "王总财政拨款", (), partial=True)] * 60
    found = [[Candidate("budget_source", Span(2, 6), 0.97, "model:m", "政府拨款")]] * 60
    assert doubts(unlabelled, found) == {}
    assert doubtful({}).refused == ()


@pytest.mark.parametrize("engine", ["rules", "model"])
def test_what_ships_gets_every_regression_note_right(rules: Engine, engine: str):
    """Each case is also asked of an engine that cannot know it: a case that cannot fail guards nothing."""
    shipped = rules if engine == "rules" else open_engine()
    assert [(o.case, o.wrong) for o in run(shipped, load_cases()) if o.wrong] == []


def test_every_case_can_fail():
    """Without its judging of claims, or without finding anything, the engine fails each case."""
    from dataclasses import replace

    contract = load_contract()
    blind = replace(contract, fields={n: replace(f, rules=()) for n, f in contract.fields.items()})
    failed = {o.case for o in run(Engine(blind), load_cases()) if o.wrong}
    assert failed == {case.name for case in load_cases() if case.must}


def test_a_case_that_asks_for_nothing_is_refused(tmp_path):
    file = tmp_path / "cases.yaml"
    file.write_text("cases: [{name: a, text: 今天, why: 试试}]", encoding="utf-8")
    with pytest.raises(ContractError, match=r"cases\.0"):
        load_cases(file)
