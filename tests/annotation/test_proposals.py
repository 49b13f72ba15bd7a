"""What people keep correcting becomes a proposal, and the proposal a pack whose examples hold."""

from __future__ import annotations

from annotation.packs import engine_with, trial
from annotation.proposals import Limits, Observation, pack_for, propose
from extractor.contract import Contract
from extractor.overlay import Pack, lay
from extractor.pipeline import Engine
from extractor.types import Note
from tests.conftest import SENT_AT


def seen(*rows: tuple[str, str, object, object], field: str = "budget_source") -> list[Observation]:
    """Observations of (note, words, suggested, final)."""
    return [Observation(n, field, w, s, f, "小周", f"d{i}") for i, (n, w, s, f) in enumerate(rows)]


TAUGHT = seen(
    ("1", "等财评", "专项资金", "政府拨款"),
    ("2", "财评那边", "专项资金", "政府拨款"),
    ("3", "过财评", "专项资金", "政府拨款"),
    ("4", "专项债", "专项资金", "专项资金"),
)


def test_three_corrections_of_what_the_words_share_propose_an_alias(contract: Contract):
    (alias,) = propose(contract, TAUGHT)
    assert (alias.kind, alias.words, alias.value, alias.notes) == ("alias", "财评", "政府拨款", 3)
    assert alias.against == ()
    assert propose(contract, TAUGHT[1:]) == []
    again = TAUGHT[:2] + seen(("1", "财评", "专项资金", "政府拨款"))
    assert propose(contract, again) == [], "one note counts once"


def test_counter_examples_are_shown_and_too_many_forbid(contract: Contract):
    one = seen(("9", "财评中心", "专项资金", "专项资金"))
    (alias,) = propose(contract, TAUGHT + one)
    assert [o.note for o in alias.against] == ["9"]
    assert propose(contract, TAUGHT + one + seen(("10", "财评", "专项资金", None))) == []
    assert propose(contract, TAUGHT + one, Limits(agreement=0.8)) == []


def test_names_that_people_let_stand_enter_the_word_list_and_known_ones_do_not(contract: Contract):
    rows = [(str(n), "某某机床", "某某机床", "某某机床") for n in range(3)]
    (word,) = propose(contract, seen(*rows, field="competitor"))
    assert (word.kind, word.words) == ("word", "某某机床")
    known = [(str(n), contract.lexicons["competitors"][0], "x", contract.lexicons["competitors"][0]) for n in range(3)]
    assert propose(contract, seen(*known, field="competitor")) == []


def test_names_of_people_and_phones_never_become_rules(contract: Contract):
    for field, words in (("contact_person", "王建国"), ("contact_phone", "13800138000"), ("customer_name", "恒力机械")):
        rows = [(str(n), words, words, None if n % 2 else words) for n in range(8)]
        assert propose(contract, seen(*rows, field=field)) == []


def test_an_accepted_alias_is_read_and_no_longer_as_what_people_corrected(rules: Engine):
    (alias,) = propose(rules.contract, TAUGHT)
    pack = pack_for(rules, Pack(), alias)
    ready = trial(rules, pack)
    assert (ready.troubles, ready.examples >= 3) == ((), True)
    texts = [e.text for e in pack.fields["budget_source"].examples]
    assert any(e.expect for e in pack.fields["budget_source"].examples)
    assert any("没有" in t or "不" in t for t in texts)
    found = ready.engine.extract(Note("n", "设备款等财评过了才有", SENT_AT)).fields
    assert [e.value for e in found if e.field == "budget_source"] == ["政府拨款"]
    assert propose(ready.engine.contract, TAUGHT) == []


def test_the_next_alias_of_a_value_joins_the_first_and_a_blocked_word_is_gone(rules: Engine):
    first = pack_for(rules, Pack(), propose(rules.contract, TAUGHT)[0])
    more = seen(*[(str(n), "评审款", "其他", "政府拨款") for n in range(3)])
    held = lay(rules.contract, first)
    both = pack_for(rules, first, propose(held, more)[0])
    (rule,) = both.fields["budget_source"].rules
    assert rule.words == ("财评", "评审款")
    rejected = seen(*[(str(n), "五轴加工中心", "五轴加工中心", None) for n in range(3)], field="equipment")
    (block,) = propose(rules.contract, rejected)
    pack = pack_for(rules, Pack(), block)
    assert (block.kind, trial(rules, pack).troubles) == ("block", ())
    note = Note("n", "想看看五轴加工中心", SENT_AT)
    assert "equipment" in {e.field for e in rules.extract(note).fields}
    assert "equipment" not in {e.field for e in engine_with(rules, pack).extract(note).fields}
    assert propose(lay(rules.contract, pack), rejected) == []
