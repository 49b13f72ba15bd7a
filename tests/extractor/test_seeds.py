"""The founding sentences and the traps, exactly (reference 2026-03-18 10:20 +08:00)."""

from __future__ import annotations

import pytest

from extractor.render import result_json
from extractor.types import Note
from tests.conftest import SENT_AT


def days(start: str, end: str | None = None) -> dict[str, str | None]:
    return {"start": start, "end": end or start, "time": None}


def values(result) -> list[tuple[str, object]]:
    return [(e.field, e.value) for e in result.fields]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "王总说要等财政拨款",
            [
                ("contact_person", "王总"),
                ("budget_source", "政府拨款"),
                ("decision_cycle", days("2026-06-01", "2026-06-30")),
            ],
        ),
        ("下周三带样品上门", [("next_visit", days("2026-03-25"))]),
        (
            "客户提到明年要扩建两条产线",
            [("timeline", days("2027-01-01", "2027-12-31")), ("expansion_plan", "2条产线")],
        ),
        ("关注续航", []),
        ("冬天高速能不能跑够400公里", [("demand_tag", "续航焦虑")]),
        ("公司规模挺大的", []),
        ("联系电话 138OO138000", []),
        ("不用等财政了，自己出", [("budget_source", "自有资金")]),
        ("下周三，不对，周四上门", [("next_visit", days("2026-03-19"))]),
        ("要是有拨款就好了", []),
        ("隔壁厂贷款买的", []),
        ("我这边王经理要审折扣", []),
    ],
)
def test_seed(read, text, expected):
    assert values(read(text)) == expected


def test_seed_says_who_and_why(read):
    person, source, cycle = result_json(read("王总说要等财政拨款"))["fields"]
    assert source["evidence"] == [{"start": 5, "end": 9, "text": "财政拨款"}]
    assert (source["claim"]["status"], source["claim"]["speaker"], source["certain"]) == ("hearsay", "王总", True)
    assert (cycle["basis"], cycle["certain"], cycle["display"]) == ("inferred", False, "Q2末")
    assert cycle["confidence"] < source["confidence"]
    assert cycle["premises"] == source["evidence"]
    assert "推断" in cycle["why"]
    assert "财政拨款按季末下达" in cycle["why"]
    assert person["value"] == "王总"


def test_inference_gives_way_to_what_is_stated(read):
    cycles = [e for e in read("等财政拨款，六月底批").fields if e.field == "decision_cycle"]
    assert [(c.basis, c.value) for c in cycles] == [("stated", days("2026-06-21", "2026-06-30"))]


@pytest.mark.parametrize(
    ("month", "start", "end"),
    [(1, "2026-06-01", "2026-06-30"), (6, "2026-06-01", "2026-06-30"), (8, "2026-09-01", "2026-09-30")],
)
def test_the_inferred_window_depends_on_the_month_of_the_note(rules, month, start, end):
    note = Note("n", "要等财政拨款", SENT_AT.replace(month=month))
    (cycle,) = [e for e in rules.extract(note).fields if e.field == "decision_cycle"]
    assert (cycle.basis, cycle.value) == ("inferred", days(start, end))


@pytest.mark.parametrize("text", ["自己出钱", "集团批了", "要是有财政拨款就好了", "隔壁厂等财政拨款"])
def test_nothing_is_inferred_without_its_premise(read, text):
    assert all(e.basis == "stated" for e in read(text).fields)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("公司规模挺大的", "contract.vague_size"),
        ("他们规模不小", "contract.vague_size"),
        ("员工规模中等", "contract.vague_size"),
        ("联系电话 138OO138000", "contract.phone_letters"),
        ("电话 1380O138000", "contract.phone_letters"),
        ("手机1380013800", "contract.phone_digits"),
    ],
)
def test_refusal_says_why_and_what_to_ask(read, text, code):
    (refused,) = read(text).refused
    assert refused.code == code
    assert refused.message
    assert refused.ask


def test_customers_name_is_no_budget_source(read):
    assert all(e.field != "budget_source" for e in read("明天去市财政局见张科，聊聊打印机").fields)


def test_hearsay_without_a_source_is_uncertain(read):
    (source,) = [e for e in read("听说他们要等财政拨款").fields if e.field == "budget_source"]
    assert not source.certain
