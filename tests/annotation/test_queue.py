"""The annotation queue: shares, reasons, diversity, and the same answer every time."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.queue import Item, Mix, alike, choose, default_mix, grams, pick, read_mix
from extractor.errors import ContractError


def finding(field: str, confidence: float = 1.0, *sources: str) -> dict:
    return {"field": field, "confidence": confidence, "sources": list(sources) or ["rule:x", "model:1"]}


def item(name: str, text: str, *findings: dict, rejected: int = 0) -> Item:
    return Item(name, text, {"fields": list(findings)}, rejected)


PLAIN = [item(f"p{i}", chr(0x4E00 + 40 * i) * 9 + str(i), finding("timeline")) for i in range(20)]
WANTED = {
    "disagreement": item("w", "甲方要换注塑机", finding("timeline", 1.0, "model:1")),
    "uncertain": item("w", "甲方要换注塑机", finding("timeline", 0.5)),
    "weak": item("w", "甲方要换注塑机", finding("decision_role")),
    "rare": item("w", "甲方要换注塑机", finding("expansion_plan")),
    "fresh": item("w", "全新的说法谁也没见过呢"),
    "rejected": item("w", "甲方要换注塑机", finding("timeline"), rejected=1),
}


@pytest.mark.parametrize("strategy", WANTED)
def test_each_strategy_finds_what_it_is_for(strategy):
    labelled = [item("l", p.text, finding("timeline")) for p in PLAIN]
    if strategy != "fresh":
        labelled.append(item("l", WANTED[strategy].text, finding("timeline")))
    mix = Mix(**{strategy: 1.0})
    chosen = choose([*PLAIN, WANTED[strategy]], labelled, mix=mix, count=1, seed=3, f1={"decision_role": 0.5})
    assert [(p.id, p.strategy) for p in chosen] == [("w", strategy)]


def test_different_values_from_rule_and_model_are_a_disagreement():
    both = {
        "field": "budget_source",
        "candidates": [{"source": "rule:a", "value": "政府拨款"}, {"source": "model:1", "value": "自有资金"}],
    }
    pool = [*PLAIN, item("w", "钱的来路两边说得不一样", both)]
    assert pick(pool, [], mix=Mix(disagreement=1), count=1, seed=0) == ["w"]


def test_shares_hold_after_any_number_of_picks():
    pool = [
        item(f"n{i}", chr(0x4E00 + 17 * i) * 8, finding("timeline", 0.5 + i / 1000), rejected=i) for i in range(200)
    ]
    chosen = choose(pool, [], mix=Mix(uncertain=6, rejected=3, random=1), count=100, seed=1)
    for most in (10, 50, 100):
        met = Counter(p.strategy for p in chosen[:most])
        assert met == {"uncertain": most * 6 // 10, "rejected": most * 3 // 10, "random": most // 10}


def test_a_strategy_without_anything_to_go_by_leaves_its_share():
    chosen = choose(PLAIN, [], mix=Mix(rejected=9, random=1), count=5, seed=1)
    assert [p.strategy for p in chosen] == ["random"] * 5


def test_near_copies_come_last():
    copies = [item(f"c{i}", f"王总说预算八十万要等财政拨款下周三上门看{i}", rejected=9) for i in range(5)]
    order = pick([*copies, *PLAIN], [], mix=Mix(rejected=1, random=1), count=25, seed=5)
    assert sum(name.startswith("c") for name in order[:21]) == 1
    assert all(name.startswith("c") for name in order[21:])


@given(st.lists(st.text(max_size=12), max_size=12), st.integers(0, 20), st.integers(0, 99))
def test_any_pool_gives_distinct_notes_and_the_same_again(texts, count, seed):
    pool = [item(str(i), t, finding("timeline", len(t) / 12)) for i, t in enumerate(texts)]
    order = pick(pool, [], mix=default_mix(), count=count, seed=seed)
    assert len(set(order)) == len(order) == min(count, len(pool))
    assert order == pick(list(reversed(pool)), [], mix=default_mix(), count=count, seed=seed)


def test_alike_is_symmetric_and_knows_itself():
    a, b = grams("客户年底前要扩两条产线"), grams("客户年底前要扩三条产线")
    assert alike(a, a)
    assert alike(a, b) == alike(b, a)
    assert not alike(a, grams("完全是另一回事"))


@pytest.mark.parametrize(
    "data", [{"guess": 1}, {"fresh": -1}, {"fresh": float("nan")}, {"fresh": True}, {"fresh": 0}, [], {}]
)
def test_a_mix_out_of_shape_is_refused(data):
    with pytest.raises(ContractError):
        read_mix(data)
