"""Words that whole notes give away: those of a value people keep putting in, and no others."""

from __future__ import annotations

import math
import random
import sys

import pytest

from annotation.mining import keyness, likelihood, mine, words_of
from annotation.packs import trial
from annotation.proposals import Observation, candidate_proposal, joined, pack_for, propose
from annotation.records import RecordError
from extractor.contract import Contract
from extractor.overlay import Pack
from extractor.pipeline import Engine

PLAIN = (
    "今天聊得不错",
    "客户还要再看看",
    "下周三上门",
    "设备还在调试",
    "车间在三楼",
    "电话没打通",
    "李工出差了",
    "价格还要谈",
)
TOLD = ("要过财评", "财评没完", "等财评", "财评那边拖着", "卡在财评", "财评还排队")


def told(count: int = 6) -> tuple[dict[str, str], list[Observation]]:
    """Notes in which people put 政府拨款 where 专项资金 was read, all of which speak of 财评; and many others."""
    rng = random.Random(3)
    texts = {f"n{n}": "，".join(rng.sample(PLAIN, 3)) for n in range(60)}
    seen = []
    for n in range(count):
        texts[f"t{n}"] = f"{rng.choice(PLAIN)}，专项债{TOLD[n]}，{rng.choice(PLAIN)}"
        seen.append(Observation(f"t{n}", "budget_source", "专项债", "专项资金", "政府拨款", f"销售{n % 2}", f"d{n}"))
    for n in range(count):
        texts[f"o{n}"] = f"{rng.choice(PLAIN)}，专项债批了，{rng.choice(PLAIN)}"
        seen.append(Observation(f"o{n}", "budget_source", "专项债", "专项资金", "专项资金", "小周", f"e{n}"))
    return texts, seen


def test_a_word_outside_the_decided_ones_is_mined_and_becomes_a_rule_that_holds(contract: Contract, rules: Engine):
    texts, seen = told()
    assert propose(contract, seen) == [], "the decided words alone say nothing: they mean either"
    found = mine(contract, seen, texts)
    assert [(c.field, c.words, c.value) for c in found] == [("budget_source", "财评", "政府拨款")]
    proposal = candidate_proposal(contract, found[0], seen, texts)
    assert (proposal.notes, proposal.against, proposal.keyness == found[0].keyness) == (6, (), True)
    assert trial(rules, pack_for(rules, Pack(), proposal)).troubles == ()


def test_what_speaks_against_a_mined_word_is_counted_and_too_much_forbids(contract: Contract):
    texts, seen = told()
    (found,) = mine(contract, seen, texts)
    texts["o0"] += "，财评过了"
    assert [o.note for o in candidate_proposal(contract, found, seen, texts).against] == ["o0"]
    for n in range(6):
        texts[f"o{n}"] += "，财评过了"
    assert candidate_proposal(contract, found, seen, texts) is None
    assert "财评" not in {c.words for c in mine(contract, seen, texts)}


def test_erased_notes_support_nothing(contract: Contract):
    texts, seen = told(3)
    (found,) = mine(contract, seen, texts)
    del texts["t0"]
    assert candidate_proposal(contract, found, seen, texts) is None


def test_a_mined_word_gives_way_to_one_that_was_said(contract: Contract):
    texts, seen = told()
    mined = [candidate_proposal(contract, c, seen, texts) for c in mine(contract, seen, texts)]
    said = propose(
        contract, [Observation(o.note, o.field, "财评", o.suggested, o.final, o.by, o.decision) for o in seen[:6]]
    )
    assert [p.keyness for p in joined(said, mined)] == [None]
    assert joined([], mined) == mined


def test_likelihood_is_dunnings_and_zero_where_nothing_is_told():
    assert likelihood(10, 20, 100, 200) == pytest.approx(0, abs=1e-9)
    assert likelihood(5, 0, 5, 5) == pytest.approx(20 * math.log(2))
    words = words_of({"a": "甲乙丙丁", "b": "甲乙丙丁", "c": "丙丁甲乙"}, lambda text: [text[:2], text[2:]])
    assert words.holders["甲乙"] == {"a", "b", "c"}
    assert [w for w, _ in keyness(words, frozenset({"a", "b", "c"}))] == []


def test_without_jieba_it_says_what_to_install(contract: Contract, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "jieba", None)
    with pytest.raises(RecordError, match=r"fieldnote\[mining\]"):
        mine(contract, [], {})
