"""The effect of a pack on history: what is found, lost, changed, and whether people would have agreed."""

from __future__ import annotations

from annotation.packs import engine_with, trial
from annotation.sandbox import Effect, Stored, Truth, effect
from extractor.overlay import Pack, read_pack
from extractor.pipeline import Engine
from extractor.types import Note
from tests.conftest import SENT_AT

PACK = read_pack("""
fields:
  budget_source:
    rules: [{name: 财评, value: 政府拨款, score: 0.9, words: [财评]}]
    without: [某种贷款]
    never: [{words: [专项债], value: 专项资金}]
""")
NOTES = (
    Stored(Note("1", "😀王总说钱等财评", SENT_AT), (Truth("budget_source", "政府拨款", True),)),
    Stored(Note("2", "申请了绿色信贷", SENT_AT), (Truth("budget_source", "银行贷款", True),)),
    Stored(Note("3", "资金要过财评", SENT_AT), (Truth("budget_source", "政府拨款", False),)),
    Stored(Note("4", "一半自筹", SENT_AT)),
)


def run(before: Engine, after: Engine, history=NOTES) -> Effect:
    return list(effect(before, after, history))[-1]


def test_every_change_is_counted_with_its_words_and_what_people_had_decided(rules: Engine):
    made = run(rules, engine_with(rules, PACK)).to_json()
    tally = made["fields"]["budget_source"]
    assert (made["notes"], tally["found"], tally["lost"], tally["same"]) == (4, 2, 1, 1)
    assert tally["judged"]["before"] == {"agreed": 1, "disagreed": 0, "missed": 1, "precision": 1.0}
    assert tally["judged"]["after"] == {"agreed": 1, "disagreed": 1, "missed": 1, "precision": 0.5}
    (found,) = [e for e in tally["examples"] if e["note_id"] == "1"]
    (span,) = found["after"]["evidence"]
    assert found["text"][span["start"] : span["end"]] == "财评"
    assert (found["before"], found["after"]["display"]) == (None, "政府拨款")


def test_another_reading_of_the_same_words_is_a_change_not_a_loss(rules: Engine):
    other = read_pack(
        "fields: {budget_source: {rules: [{name: 甲, value: 其他, score: 0.99, words: [绿色信贷]}],"
        " never: [{words: [绿色信贷], value: 银行贷款}]}}"
    )
    made = run(rules, engine_with(rules, other), NOTES[1:2]).fields["budget_source"]
    assert {change: len(items) for change, items in made.changes.items()} == {"found": 0, "lost": 0, "changed": 1}
    assert (made.changes["changed"][0].before.value, made.changes["changed"][0].after.value) == ("银行贷款", "其他")


def test_the_empty_pack_changes_nothing_and_long_notes_are_shown_around_the_evidence(rules: Engine):
    assert run(rules, engine_with(rules, Pack())).changes == 0
    assert run(rules, rules, ()).to_json() == {"notes": 0, "fields": {}}
    long = Stored(Note("5", "今天聊得不错。" * 100 + "钱等财评。" + "今天聊得不错。" * 100, SENT_AT))
    (example,) = run(rules, engine_with(rules, PACK), (long,)).to_json()["fields"]["budget_source"]["examples"]
    (span,) = example["after"]["evidence"]
    assert len(example["text"]) < 150
    assert example["text"][span["start"] : span["end"]] == "财评"


def test_examples_of_the_pack_and_shipped_ones_that_it_breaks_are_told_apart(rules: Engine):
    ready = trial(rules, read_pack("fields: {budget_source: {without: [某种贷款], examples: [{text: 等财政拨款}]}}"))
    assert [t.key.split("「")[0] for t in ready.troubles] == ["fields.budget_source.examples.0"]
    assert "不该找到" in ready.troubles[0].cure
    lost = trial(rules, read_pack("fields: {budget_source: {never: [{words: [财政拨款]}]}}"))
    assert lost.troubles == ()
    assert any("财政拨款" in t.key for t in lost.broken)
