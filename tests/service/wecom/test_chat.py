"""What a rep's answer means, by a table; and that no text at all raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.wecom.chat import Confirm, ConfirmAll, Correct, Message, Reject, Unclear, Undo, parse


@pytest.mark.parametrize(
    "text",
    ["1", " 1 ", "１", "①", "1。", "全部", "全部。", "ok", "OK!", "ＯＫ", "Ok～", "好", "好的。", "对", "👌", "确认"],
)
def test_all(text):
    assert parse(text, 5) == ConfirmAll()


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1,3", (1, 3)),
        ("１，３", (1, 3)),
        ("1、3", (1, 3)),
        ("1 3", (1, 3)),
        ("1　3", (1, 3)),
        ("3, 1 、2", (3, 1, 2)),
        ("2", (2,)),
        ("1，", (1,)),
        ("只1", (1,)),
        ("确认1和3", (1, 3)),
        ("确认 2", (2,)),
        ("1\n3", None),
        ("2,2", (2,)),
    ],
)
def test_some(text, numbers):
    answer = parse(text, 5)
    assert isinstance(answer, Unclear) if numbers is None else answer == Confirm(numbers)


@pytest.mark.parametrize(
    ("text", "number", "words"),
    [
        ("改2 下周四", 2, "下周四"),
        ("改2下周四", 2, "下周四"),
        ("改２：下周四", 2, "下周四"),
        ("改 2，80万", 2, "80万"),
        ("改2成下周四", 2, "下周四"),
        ("改2为30人", 2, "30人"),
        ("改2 成都天虹", 2, "成都天虹"),
        ("改2成都天虹", 2, "成都天虹"),
        ("更正第2 13800138000", 2, "13800138000"),
        ("改12 ２０台", 12, "２０台"),
        ("改2 2026-04-01", 2, "2026-04-01"),
    ],
)
def test_corrections_keep_the_words_as_typed(text, number, words):
    assert parse(text, 12) == Correct(number, words)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("否3 客户没说", "客户没说"),
        ("否３，客户没说", "客户没说"),
        ("否3客户没说", "客户没说"),
        ("否3", ""),
        ("否掉3 记错了", "记错了"),
    ],
)
def test_rejections(text, reason):
    assert parse(text, 5) == Reject(3, reason)


@pytest.mark.parametrize("text", ["撤销", "撤销。", " 撤回 ", "UNDO"])
@pytest.mark.parametrize("count", [0, 3])
def test_undo_needs_no_list(text, count):
    assert parse(text, count) == Undo()


@pytest.mark.parametrize(
    "text",
    [
        "王总说要等财政拨款",
        "13800138000",
        "2026",
        "1.5",
        "",
        " ",
        "改天再去拜访",
        "改2条产线",
        "改2.5万",
        "改3月5号去",
        "改2:30开会",
        "否3台要换",
        "好的，下周三去",
        "1号见王总",
        "确认下周三拜访",
        "3台",
        "1\n王总说好",
        "撤销订单",
        "对方要20台",
        "1/3",
    ],
)
@pytest.mark.parametrize("count", [0, 5])
def test_anything_else_is_a_note(text, count):
    assert parse(text, count) == Message(text)


@pytest.mark.parametrize(
    ("text", "count", "said"),
    [
        ("4", 3, "没有第 4 条"),
        ("1,4,9", 3, "没有第 4、9 条"),
        ("0", 3, "没有第 0 条"),
        ("改9 下周四", 3, "编号是 1 到 3"),
        ("否2 没说", 1, "只有第 1 条"),
        ("12", 5, "多个编号请用逗号隔开"),
        ("1", 0, "没有等您确认"),
        ("改1 x", 0, "没有等您确认"),
        ("改2", 3, "要改成什么"),
        ("改2：", 3, "要改成什么"),
        ("改2,3 下周四", 3, "一次只写一条"),
        ("否1、2", 3, "一次只写一条"),
        ("1,3\n改2 下周四", 3, "只写一个回答"),
        ("改1 下周四\n否2", 3, "只写一个回答"),
    ],
)
def test_what_cannot_be_done_is_said(text, count, said):
    answer = parse(text, count)
    assert isinstance(answer, Unclear)
    assert said in answer.message


PIECES = st.sampled_from(["1", "2", "３", "99", "改", "否", "撤销", "，", "、", " ", "\n", "好", "成", "台", "②", "٣"])


@given(text=st.text(max_size=40) | st.lists(PIECES, max_size=10).map("".join), count=st.integers(0, 30))
def test_no_text_raises_and_numbers_are_on_the_list(text, count):
    match parse(text, count):
        case Confirm(numbers):
            assert numbers
            assert all(1 <= n <= count for n in numbers)
        case Correct(number, words):
            assert 1 <= number <= count
            assert words in text
        case Reject(number, reason):
            assert 1 <= number <= count
            assert reason in text
        case ConfirmAll():
            assert count
        case Message(note):
            assert note == text
