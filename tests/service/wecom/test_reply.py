"""The list a rep sees: values, evidence, marks, the question; never over WeCom's limit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.wecom.chat import Confirm, parse
from service.wecom.reply import MAX_REPLY, page, reply


def field(title="预算来源", display="政府拨款", evidence=("财政拨款",), basis="stated", certain=True):
    spans = [{"start": 0, "end": len(words), "text": words} for words in evidence]
    return {"title": title, "display": display, "evidence": spans, "basis": basis, "certain": certain}


INFERRED = field("下次拜访", "2026-03-26", ("下周四",), "inferred", False)


def test_the_whole_text():
    assert reply([field(), INFERRED]) == (
        "读出 2 项，请确认：\n"
        "1. 预算来源：政府拨款\n   原文「财政拨款」\n"
        "2. 下次拜访：2026-03-26（推断）\n   原文「下周四」\n"
        "对吗？回「1」全部确认，「2」只确认第 2 项，「改2 正确内容」更正，「否2 原因」否掉，「撤销」取消上一步。"
    )


def test_one_field_with_link_and_questions():
    text = reply([field(certain=False)], asks=["客户大概多少人？"], link="https://crm.example/c/1")
    assert "政府拨款（不确定）" in text
    assert "回「1」确认，「改1" in text
    assert text.endswith("也可点开确认：https://crm.example/c/1\n另外想问：\n· 客户大概多少人？")


def test_nothing_found_still_asks():
    assert page([], asks=["客户大概多少人？"]).shown == 0
    assert reply([], asks=["客户大概多少人？"]).endswith("· 客户大概多少人？")


def test_several_pieces_of_evidence_and_none():
    assert "原文「财政拨款…审批」" in reply([field(evidence=("财政拨款", "审批"))])
    assert "原文" not in reply([field(evidence=())])


def test_what_the_question_proposes_can_be_answered():
    assert parse("1,3", page([field()] * 3).shown) == Confirm((1, 3))


def test_evidence_brings_no_lines_and_no_links():
    text = reply([field(evidence=("财政\n2. 假的",), display="<a href='x'>y</a>")])
    assert "财政 2. 假的" in text
    assert "<" not in text


@pytest.mark.parametrize(("size", "shown"), [(5, 5), (17, 17), (20, 20)])
def test_long_evidence_is_cut_before_fields_are_left_out(size, shown):
    answer = page([field(display="长" * 300, evidence=("原文" * 300,))] * size)
    assert answer.shown == shown
    assert "…" in answer.text


def test_what_is_left_out_is_said():
    answer = page([field(display="长" * 300)] * 100, link="https://crm.example/c/1")
    assert 10 < answer.shown < 100
    assert f"先请确认前 {answer.shown} 项" in answer.text
    assert f"还有 {100 - answer.shown} 项" in answer.text
    assert answer.text.endswith("https://crm.example/c/1")


FIELDS = st.builds(field, st.text(), st.text(max_size=200), st.lists(st.text(max_size=200), max_size=3))
ANY = st.text(st.characters(exclude_categories=()))


@given(fields=st.lists(FIELDS, max_size=40), asks=st.lists(ANY, max_size=5), link=st.none() | st.text(max_size=800))
def test_never_over_the_limit(fields, asks, link):
    answer = page(fields, asks=asks, link=link)
    assert len(answer.text.encode()) <= MAX_REPLY
    assert answer.shown <= len(fields)
    assert bool(answer.shown) == bool(fields)
