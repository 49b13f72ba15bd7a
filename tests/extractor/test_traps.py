"""Sentences that look like a value and are none, and those where a later word decides (2026-03-18 10:20 +08:00)."""

from __future__ import annotations

import pytest

from extractor.types import Result


def days(start: str, end: str | None = None) -> dict[str, str | None]:
    return {"start": start, "end": end or start, "time": None}


def of(result: Result, field: str) -> list[object]:
    return [e.value for e in result.fields if e.field == field]


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ("不用等财政了，自己出", ["自有资金"]),
        ("不等财政了，厂里自己掏", ["自有资金"]),
        ("财政那边不批，走贷款", ["银行贷款"]),
        ("财政拨款被否了，老板说自己掏", ["自有资金"]),
        ("专项债没批下来，改自筹", ["自有资金"]),
        ("去年走的专项债，今年自筹", ["自有资金"]),
        ("这个项目不走财政，走集团", ["集团拨付"]),
        ("一半自筹一半银行贷款", ["自有资金", "银行贷款"]),
    ],
)
def test_only_the_source_that_stands(read, text, sources):
    assert of(read(text), "budget_source") == sources


@pytest.mark.parametrize(
    "text",
    [
        "要是有拨款就好了",
        "要是财政能拨款就好了",
        "B轮要是到账就好了",
        "万一贷款批了就好了",
        "难道他们还能有财政拨款？",
        "隔壁厂贷款买的",
        "隔壁厂是融资租赁买的",
        "邻居那家用的是自筹",
        "友商说他们靠融资租赁",
        "去年走的专项债",
        "我这边王经理要审折扣",
        "我们公司李总下周要来检查",
        "我们财务王姐下周三要发票",
        "我司法务刘工在审合同",
        "上周三上门拜访过了",
        "去年拜访过一次",
        "去年就投产了",
        "年底前肯定下不来",
        "对手下周二讲标",
        "竞争对手下周五去客户那儿演示",
        "我们内部下周一开评审会",
        "借用2台试用",
        "关注续航",
        "客户比较关注续航",
        "续航怎么样？",
        "公司规模挺大的",
        "他们规模不小",
        "今天聊得不错",
        "",
    ],
)
def test_nothing_at_all(read, text):
    assert [(e.field, e.value) for e in read(text).fields] == []


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("下周三，不对，周四", "next_visit", days("2026-03-19")),
        ("下周三，不对，周四上门", "next_visit", days("2026-03-19")),
        ("下周三上门，哦不对，是周四", "next_visit", days("2026-03-19")),
        ("本来约周五拜访，改到下周一了", "next_visit", days("2026-03-23")),
        ("6月开业，不对，是7月开业", "timeline", days("2026-07-01", "2026-07-31")),
        ("预算80万左右，哦不对，是90万", "budget_amount", {"min": 900000, "max": 900000}),
        ("预算60万，说错了，是16万", "budget_amount", {"min": 160000, "max": 160000}),
        ("先要20台，改成30台", "purchase_quantity", {"min": 30, "max": 30, "unit": "台"}),
        ("不是20台，是15台", "purchase_quantity", {"min": 15, "max": 15, "unit": "台"}),
    ],
)
def test_the_last_word_counts(read, text, field, value):
    assert of(read(text), field) == [value]


@pytest.mark.parametrize(
    ("text", "name"),
    [("明天去财政局见张科", "财政局"), ("明天去市财政局见张科", "市财政局"), ("财政局要买20台打印机", "财政局")],
)
def test_a_customer_called_finance_bureau_is_no_budget_source(read, text, name):
    result = read(text)
    assert of(result, "budget_source") == []
    assert of(result, "customer_name") == [name]


def test_own_side_and_customer_in_one_note(read):
    result = read("咱们内部周三评审，客户周五过会")
    assert of(result, "decision_cycle") == [days("2026-03-20")]


@pytest.mark.parametrize("text", ["冬天高速能不能跑够400公里", "充一次电跑不跑得到300公里", "满载能不能跑够220公里"])
def test_a_question_with_a_mileage_is_range_anxiety(read, text):
    assert of(read(text), "demand_tag") == ["续航焦虑"]


@pytest.mark.parametrize(
    ("text", "field", "cue"),
    [
        ("隔壁厂贷款买的", "budget_source", "other_party"),
        ("我这边王经理要审折扣", "contact_person", "own_side"),
        ("要是财政能拨款就好了", "budget_source", "conditional"),
        ("专项债没批下来，改自筹", "budget_source", "negated"),
        ("下周三上门，哦不对，是周四", "next_visit", "retracted"),
        ("去年走的专项债", "budget_source", "past"),
    ],
)
def test_what_was_dropped_says_why(read, text, field, cue):
    assert (field, cue) in [(d.candidate.field, d.claim.status) for d in read(text).dropped]


def test_a_time_in_the_past_says_so(read):
    (dropped,) = [d for d in read("上周三上门拜访过了").dropped if d.candidate.field == "next_visit"]
    assert dropped.stage in {"parse", "claim"}
    assert dropped.reason
