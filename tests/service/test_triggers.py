"""Triggers: the shipped ones, what is refused at load, and that nothing at run time breaks a confirmation."""

from __future__ import annotations

import logging
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractor.contract import load_contract
from extractor.errors import ContractError
from service.conditions import MAX_CONDITION
from service.triggers import Action, Case, Trigger, dry_run, evaluate, load_triggers, matching, parse_triggers

TODAY = date(2026, 3, 18)
FIELDS = frozenset(load_contract().fields)
PACK = "向客户发送产线规划咨询包"


SHIPPED = load_triggers(fields=FIELDS)


def when(condition: str, field: str = "competitor") -> Trigger:
    """A trigger with this condition, through the same door as the shipped ones."""
    entry = {"name": "试", "field": field, "when": condition, "then": {"action": "do_it", "text": "做"}}
    return parse_triggers({"triggers": [entry]}, file="t.yaml", fields=FIELDS)[0]


def period(start: str | None, end: str | None) -> dict:
    return {"start": start, "end": end, "time": None}


def after(days: int) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


def test_a_confirmed_expansion_plan_sends_the_planning_pack():
    (trigger,) = matching(SHIPPED, "expansion_plan", "2条产线", {"expansion_plan": ["2条产线"]}, TODAY)
    assert trigger.then == Action("send_material", PACK)


@pytest.mark.parametrize(
    ("expiry", "fires"),
    [
        (period(after(0), after(0)), True),
        (period(after(60), after(60)), True),
        (period(after(61), after(61)), False),
        (period(after(59), after(90)), True),
        (period(after(-30), after(-1)), False),
        (period(after(-5), after(5)), True),
        (period(None, after(20)), True),
        (period(None, after(200)), False),
        (period(after(20), None), True),
    ],
)
def test_an_expiring_contract_and_a_competitor_call_customer_success(expiry, fires):
    held = {"contract_expiry": expiry, "competitor": ["金蝶"]}
    for field, value in [("contract_expiry", expiry), ("competitor", "金蝶")]:
        found = [t.then.action for t in matching(SHIPPED, field, value, held, TODAY)]
        assert found == ["involve_customer_success"] * fires
    assert matching(SHIPPED, "contract_expiry", expiry, {"contract_expiry": expiry}, TODAY) == []
    assert matching(SHIPPED, "competitor", "金蝶", {"competitor": ["金蝶"], "contract_expiry": []}, TODAY) == []


def test_other_fields_trigger_nothing():
    assert evaluate(SHIPPED, "budget_source", "政府拨款", {"competitor": ["金蝶"]}, TODAY) == []


@pytest.mark.parametrize(
    ("condition", "value", "fires"),
    [
        ("field == 'competitor' && value == '金蝶'", "金蝶", True),
        ("value in ['用友', '金蝶']", "金蝶", True),
        ("size(values.competitor) >= 2", "金蝶", True),
        ("values.competitor.exists(c, c != value)", "金蝶", True),
        ("has(values.budget_amount) && values.budget_amount[0].min >= 1000000", "金蝶", True),
        ("values['budget_amount'][0].max == null", "金蝶", True),
        ("value.matches('^金.*')", "用友", False),
        ("today >= '2026-03-18' && days(today, '2026-03-20') == 2", "金蝶", True),
    ],
)
def test_what_a_condition_can_say(condition, value, fires):
    held = {"competitor": ["金蝶", "用友"], "budget_amount": {"min": 1_000_000, "max": None}}
    assert [f.fired for f in evaluate([when(condition)], "competitor", value, held, TODAY)] == [fires]


@pytest.mark.parametrize(
    ("condition", "cure"),
    [
        ("value ==", "不是合法的 CEL"),
        ("vaule == 'x'", "没有名字 vaule"),
        ("'competitorr' in values", "没有这个字段"),
        ("values.competitorr == []", "没有这个字段"),
        ("has(values['nope'])", "没有这个字段"),
        ("now() > today", "没有函数 now"),
        ("value.lower() == 'x'", "没有方法 lower"),
        ("'%1000000000d' % 1 == ''", "不支持 %"),
        ("values.competitor.all(a, values.competitor.all(b, a == b))", "不能再套"),
        ("values.competitor.exists(a, b == 'x')", "没有名字 b"),
        ("(" * 100 + "true" + ")" * 100, "套得太深"),
        ("true" + " " * MAX_CONDITION, "when"),
        ("", "when"),
    ],
)
def test_a_condition_that_could_never_work_is_refused(condition, cure):
    with pytest.raises(ContractError) as caught:
        when(condition)
    assert (caught.value.file, caught.value.key) == ("t.yaml", "triggers.0.when")
    assert cure in str(caught.value)


GOOD = {"name": "甲", "field": "competitor", "when": "true", "then": {"action": "a", "text": "做"}}


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (None, "-"),
        ({}, "triggers"),
        ({"triggers": [{**GOOD, "field": "nope"}]}, "triggers.0.field"),
        ({"triggers": [GOOD, GOOD]}, "triggers.1.name"),
        ({"triggers": [GOOD, {**GOOD, "name": "乙", "when": True}]}, "triggers.1.when"),
        ({"triggers": [{**GOOD, "then": {"action": "发 邮件", "text": "x"}}]}, "triggers.0.then.action"),
        ({"triggers": [{**GOOD, "then": {"action": "a"}}]}, "triggers.0.then.text"),
        ({"triggers": [{**GOOD, "wen": "true"}]}, "triggers.0.wen"),
    ],
)
def test_load_errors_name_file_key_and_cure(data, key):
    with pytest.raises(ContractError) as caught:
        parse_triggers(data, file="mine.yaml", fields=FIELDS)
    assert (caught.value.file, caught.value.key) == ("mine.yaml", key)
    assert caught.value.cure


@pytest.mark.parametrize(("content", "cure"), [(None, "缺少这个文件"), (b"a: [", "YAML"), (b"\xff\xfe\x00", "YAML")])
def test_unreadable_files(tmp_path, content, cure):
    path = tmp_path / "triggers.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ContractError, match=cure):
        load_triggers(path, fields=FIELDS)


@pytest.mark.parametrize(
    ("condition", "value", "reason"),
    [
        ("values.budget_amount[0].min > 5", "金蝶", "没有值"),
        ("value > 3", "金蝶", "类型不合"),
        ("1 / 0 == 1", "金蝶", "除以零"),
        ("days(today, value) > 3", "金蝶", "换算不了"),
        ("value", "金蝶", "不是 true 或 false"),
        ("value.matches('(')", "金蝶", "算不出来"),
    ],
)
def test_an_error_at_run_time_does_not_fire_and_shows_no_value(caplog, condition, value, reason):
    secret = {"contact_phone": ["13800138000"]}
    with caplog.at_level(logging.DEBUG):
        assert matching([when(condition), when("true")], "competitor", value, secret, TODAY) == [when("true")]
    (firing,) = evaluate([when(condition)], "competitor", value, secret, TODAY)
    assert not firing.fired
    assert reason in (firing.reason or "")
    assert reason in caplog.text
    assert "13800138000" not in caplog.text + (firing.reason or "")
    assert value not in caplog.text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(json_values, st.dictionaries(st.sampled_from(sorted(FIELDS)), json_values, max_size=4))
def test_no_value_breaks_a_confirmation(value, held):
    for trigger in SHIPPED:
        assert len(evaluate([trigger], trigger.field, value, held, TODAY)) == 1


def test_a_dry_run_tells_what_would_have_happened():
    trigger = when("values.budget_amount[0].min >= 500000")
    rich, poor = {"budget_amount": [{"min": 800_000, "max": None}]}, {"budget_amount": [{"min": 1, "max": 2}]}
    history = [
        Case("宏发", "competitor", "金蝶", rich, TODAY),
        Case("力源", "competitor", "用友", poor, TODAY),
        Case("东岳", "competitor", "用友", {}, TODAY),
        Case("宏发", "budget_source", "自筹", rich, TODAY),
    ]
    run = dry_run(trigger, iter(history))
    assert (run.seen, [c.customer for c in run.fired]) == (3, ["宏发"])
    assert [(c.customer, "没有值" in reason) for c, reason in run.undecided] == [("东岳", True)]
