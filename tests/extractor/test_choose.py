"""The policy of `choose`, case by case."""

from __future__ import annotations

from collections.abc import Sequence

from extractor.pipeline import Engine, load_engine
from extractor.types import Candidate, Note, Span
from tests.conftest import SENT_AT

CONTRACT = load_engine().contract


class Reader:
    """A tagger that says what it is given; `digest` as of a model."""

    digest = "test"

    def __init__(self, *found: Candidate) -> None:
        self.found = found

    def tag(self, text: str) -> Sequence[Candidate]:
        return self.found

    def tag_many(self, texts: Sequence[str]) -> Sequence[Sequence[Candidate]]:
        return [self.found for _ in texts]


def test_rule_and_model_that_disagree_are_both_shown_and_say_so():
    text = "王总说要等财政拨款"
    other = Candidate("budget_source", Span(5, 9), 0.6, "model:m", "专项资金")
    result = Engine(CONTRACT, tagger=Reader(other)).extract(Note("n", text, SENT_AT))
    kept = next(e for e in result.fields if e.field == "budget_source")
    assert (kept.value, "模型却读作「专项资金」" in kept.why.sentence) == ("政府拨款", True)
    assert [(e.value, "规则却读作「政府拨款」" in e.why.sentence) for e in result.unsure] == [("专项资金", True)]


def test_rule_and_model_that_agree_are_one_value_with_two_sources():
    same = Candidate("budget_source", Span(5, 9), 0.6, "model:m", "政府拨款")
    result = Engine(CONTRACT, tagger=Reader(same)).extract(Note("n", "王总说要等财政拨款", SENT_AT))
    found = [e for e in result.fields if e.field == "budget_source"]
    assert len(found) == 1
    assert {c.source.partition(":")[0] for c in found[0].why.candidates} == {"rule", "model"}


def test_a_field_the_contract_does_not_have_is_left_out():
    stray = Candidate("shoe_size", Span(0, 2), 0.9, "model:m")
    assert Engine(CONTRACT, tagger=Reader(stray)).extract(Note("n", "王总说要等财政拨款", SENT_AT)).fields


def test_one_span_can_be_two_fields():
    found = {e.field for e in load_engine().extract(Note("n", "王总拍板，预算八十万", SENT_AT)).fields}
    assert {"contact_person", "decision_role"} <= found
