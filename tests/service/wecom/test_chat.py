"""What a rep's answer means, by a table; and that no text at all raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.wecom.chat import Confirm, ConfirmAll, Correct, Message, Reject, RejectAll, Unclear, Undo, parse


@pytest.mark.parametrize(
    "text",
    [
        "1", " 1 ", "１", "①", "1。", "1️⃣", "\u200b1\u200f", "全部", "全部。", "ok", "OK!", "ＯＫ", "Ok～", "好",
        "好的。", "对", "👌", "确认", "确认 全部", "都对", "都对了！", "对，没错", "好的。可以",
    ],
)  # fmt: skip
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
        ("1\n3", (1, 3)),
        ("2,2", (2,)),
        ("1、3对。", (1, 3)),
        ("1，2，3都对", (1, 2, 3)),
        ("1和3没问题", (1, 3)),
        ("1-3", (1, 2, 3)),
        ("1～3。", (1, 2, 3)),
        ("第1条和第三条", (1, 3)),
        ("2 ok", (2,)),
    ],
)
def test_some(text, numbers):
    assert parse(text, 5) == Confirm(numbers)


@pytest.mark.parametrize("text", ["都不对", "全否。", "全部 否掉", "否 全部"])
def test_none(text):
    assert parse(text, 5) == RejectAll()


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
        ("改2:下周四", 2, "下周四"),
        ("改2：3月5号", 2, "3月5号"),
        ("改2:30人", 2, "30人"),
        ("改2 → ８０万", 2, "８０万"),
        ("改② 下周四", 2, "下周四"),
        ("改第2条 下周四", 2, "下周四"),
        ("把2改成下周四", 2, "下周四"),
        ("第二条改为下周四", 2, "下周四"),
        ("第2条不对，应该是下周四", 2, "下周四"),
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
        ("3不对", ""),
        ("第3条错了：是别家", "是别家"),
        ("否第3条 客户没说", "客户没说"),
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
        "1、3台要换",
        "1，2，3号见王总",
        "1. 客户预算80万\n2. 下周三上门",
        "2 个人来谈",
        "把2条产线改成3条",
        "改一下方案再发",
        "否则3月就换供应商",
        "3点开会",
        "第2个项目改成下半年",
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
        ("1对，2不对", 3, "只写一个回答"),
        ("不对", 3, "请说是哪一条"),
        ("都不对", 0, "没有等您确认"),
        ("2-5", 3, "没有第 4、5 条"),
    ],
)
def test_what_cannot_be_done_is_said(text, count, said):
    answer = parse(text, count)
    assert isinstance(answer, Unclear)
    assert said in answer.message


PIECES = st.sampled_from(
    [
        "1",
        "2",
        "３",
        "99",
        "改",
        "否",
        "撤销",
        "，",
        "、",
        " ",
        "\n",
        "好",
        "成",
        "台",
        "②",
        "٣",
        "对",
        "不对",
        "第",
        "条",
        "-",
        "\u200b",
    ]
)


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
        case ConfirmAll() | RejectAll():
            assert count
        case Message(note):
            assert note == text
