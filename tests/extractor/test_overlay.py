"""A rule pack over the contract: what it changes, what it leaves, and what is refused with which words."""

from __future__ import annotations

import pytest

from annotation.packs import engine_with, trial
from extractor.contract import Contract
from extractor.errors import ContractError
from extractor.overlay import Pack, lay, merged, pack_json, pack_of, pack_yaml, read_pack
from extractor.pipeline import Engine
from extractor.types import Note
from tests.conftest import SENT_AT

PACK = """
note: 学会「财评」
lexicons: {competitors: {add: [某某机床], remove: [三一]}}
fields:
  budget_source:
    rules: [{name: 财评, value: 政府拨款, score: 0.9, words: [财评]}]
    without: [某种贷款]
    threshold: 0.6
    write: auto
    examples: [{text: 等财评, expect: [{value: 政府拨款, evidence: 财评}]}, {text: 今天聊得不错}]
"""

INFERENCE = """
inferences: {rules: [{name: 甲, field: budget_source, value: 政府拨款, then: decision_cycle, confidence: 0.5,
  reason: 试, windows: [{months: [3], expression: Q2末}]}]}
"""


def found(engine: Engine, text: str) -> list[tuple[str, object]]:
    return [(e.field, e.value) for e in engine.extract(Note("n", text, SENT_AT)).fields]


def test_a_pack_adds_removes_replaces_and_leaves_the_rest_alone(rules: Engine):
    engine = engine_with(rules, read_pack(PACK))
    assert ("budget_source", "政府拨款") in found(engine, "等财评批了再说")
    assert ("budget_source", "政府拨款") not in found(rules, "等财评批了再说")
    assert found(engine, "对手是某某机床和三一重卡")[0] == ("competitor", "某某机床")
    assert ("budget_source", "银行贷款") in found(rules, "申请了绿色信贷")
    assert ("budget_source", "银行贷款") not in found(engine, "申请了绿色信贷")
    field = engine.contract.fields["budget_source"]
    assert (field.threshold, field.capture.write, engine.contract.pinned) == (0.6, "auto", {"budget_source": 0.6})
    untouched = [n for n, f in rules.contract.fields.items() if engine.contract.fields[n] is f]
    assert len(untouched) == len(rules.contract.fields) - 1


def test_the_same_pack_gives_the_same_version_and_another_pack_another(contract: Contract, rules: Engine):
    one, same = read_pack(PACK), read_pack(PACK.replace("学会", "记住"))
    other = read_pack(PACK.replace("0.6", "0.61"))
    assert lay(contract, one).version == lay(contract, same).version != contract.version
    assert lay(contract, other).version != lay(contract, one).version
    assert engine_with(rules, one).bundle == engine_with(rules, same).bundle != rules.bundle
    assert engine_with(rules, Pack()) is rules


def test_json_and_yaml_hold_all_of_a_pack():
    pack = read_pack(PACK)
    assert pack_of(pack_json(pack)) == read_pack(pack_yaml(pack)) == pack


def test_words_turned_down_are_no_longer_found_by_rule_or_model(rules: Engine):
    text = "王总说要等财政拨款，一半自筹"
    whole = read_pack("fields: {budget_source: {never: [{words: [财政拨款]}]}}")
    assert [v for f, v in found(engine_with(rules, whole), text) if f == "budget_source"] == ["自有资金"]
    other = read_pack("fields: {budget_source: {never: [{words: [财政拨款], value: 银行贷款}]}}")
    assert found(engine_with(rules, other), text) == found(rules, text)


def test_a_threshold_of_a_pack_goes_before_that_of_the_calibrator(rules: Engine):
    high = read_pack("fields: {budget_source: {threshold: 0.999}}")
    assert ("budget_source", "政府拨款") in found(rules, "等财政拨款")
    result = engine_with(rules, high).extract(Note("n", "等财政拨款", SENT_AT))
    assert [e.value for e in result.unsure if e.field == "budget_source"] == ["政府拨款"]


def test_merging_adds_up_and_the_later_word_holds():
    base = read_pack(PACK)
    more = read_pack(
        "lexicons: {competitors: {add: [三一, 乙], remove: [某某机床]}}\n"
        "fields: {budget_source: {rules: [{name: 财评, value: 专项资金, score: 0.8, words: [财评, 评审]}]}}"
    )
    both = merged(base, more)
    assert (
        both.lexicons["competitors"]
        == pack_of({"lexicons": {"c": {"add": ["三一", "乙"], "remove": ["某某机床"]}}}).lexicons["c"]
    )
    (rule,) = both.fields["budget_source"].rules
    assert (rule.value, both.fields["budget_source"].threshold) == ("专项资金", 0.6)
    assert merged(base, Pack()) == base


@pytest.mark.parametrize(
    ("text", "key", "cure"),
    [
        ("fields: {nope: {}}", "fields.nope", "没有字段"),
        ("lexicons: {nope: {add: [甲]}}", "lexicons.nope", "没有词表"),
        ("lexicons: {competitors: {remove: [不在里面的词]}}", "lexicons.competitors.remove", "去不掉"),
        ("lexicons: {competitors: {add: ['']}}", "lexicons.competitors.add", "空词"),
        ("fields: {budget_source: {without: [不存在]}}", "fields.budget_source.without", "没有规则"),
        ("fields: {budget_source: {threshold: 3}}", "fields.budget_source.threshold", "3"),
        ("fields: {budget_source: {colour: red}}", "fields.budget_source.colour", "没有这一项"),
        (
            "fields: {budget_source: {rules: [{name: 甲, score: 0.9, words: [财评], value: 无}]}}",
            "fields.budget_source.rules.甲.value",
            "不在 values 里",
        ),
        (
            "fields: {budget_source: {rules: [{name: 甲, score: 0.9, value: 其他}]}}",
            "fields.budget_source.rules.甲",
            "二选一",
        ),
        (
            "fields: {budget_source: {rules: [{name: 甲, score: 0.9, pattern: '(财', value: 其他}]}}",
            "fields.budget_source.甲.pattern",
            "正则写错了",
        ),
        (
            "fields: {budget_source: {rules: [{name: 甲, score: 0.9, pattern: '(?:.*王.*)*总.*x', value: 其他}]}}",
            "fields.budget_source.甲.pattern",
            "毫秒",
        ),
        (
            "fields: {budget_source: {rules: [{name: 甲, score: 0.9, pattern: '', value: 其他}]}}",
            "fields.budget_source.rules.甲.pattern",
            "空的",
        ),
        ("cues: {without: [不存在]}", "cues.without", "关不掉"),
        ("cues: {rules: [{name: 甲, status: negated, pattern: ' '}]}", "cues.rules.甲.pattern", "空的"),
        ("cues: {rules: [{name: 甲, status: negated, pattern: '(不'}]}", "cues.甲.pattern", "正则写错了"),
        ("cues: {rules: [{name: 甲, status: negated, pattern: 不, fields: [nope]}]}", "cues.甲", "没有字段"),
        ("cues: {rules: [{name: 甲, status: negated, pattern: '(?:.*王.*)*总.*x'}]}", "cues.甲.pattern", "毫秒"),
        (INFERENCE.replace("政府拨款", "天上掉"), "inferences.甲.value", "不在 budget_source 的 values 里"),
        (INFERENCE.replace("Q2末", "看心情"), "inferences.甲.windows", "读不成"),
        (INFERENCE.replace("[3]", "[13]"), "inferences.rules.0.windows.0.months.0", "12"),
        ("a: &x [1]\nb: *x", "-", "引用"),
        ("fields: [", "-", "不是合法的 YAML"),
    ],
)
def test_a_pack_that_cannot_be_used_is_refused_with_its_key_and_a_cure(rules: Engine, text, key, cure):
    with pytest.raises(ContractError) as caught:
        trial(rules, read_pack(text, "试.yaml"), "试.yaml")
    assert (caught.value.file, caught.value.key) == ("试.yaml", key)
    assert cure in caught.value.cure


CUES = """
cues:
  rules: [{name: 据传, status: negated, scope: before, reach: 6, fields: [budget_source], pattern: 据传}]
  without: [大概]
inferences:
  rules:
    - name: 自有资金年底前花完
      field: budget_source
      value: 自有资金
      then: decision_cycle
      confidence: 0.5
      reason: 自己的钱要在年底前花完
      windows: [{months: [3], expression: 年底前}]
  without: [财政拨款按季末下达]
fields:
  budget_source: {examples: [{text: 据传财政拨款}, {text: 自己出钱, expect: [{value: 自有资金}]}]}
  decision_cycle: {examples: [{text: 自己出钱, expect: [{basis: inferred}]}, {text: 等财政拨款}]}
"""


def test_a_pack_adds_and_switches_off_cues_and_inferences(rules: Engine):
    pack = read_pack(CUES)
    ready = trial(rules, pack)
    assert (ready.examples, ready.troubles) == (4, ())
    assert ("budget_source", "政府拨款") in found(rules, "据传财政拨款")
    assert [e.certain for e in rules.extract(Note("n", "大概要三台车床", SENT_AT)).fields] != [
        e.certain for e in ready.engine.extract(Note("n", "大概要三台车床", SENT_AT)).fields
    ]
    (inferred,) = [e for e in ready.engine.extract(Note("n", "自己出钱", SENT_AT)).fields if e.basis == "inferred"]
    assert (inferred.field, inferred.why.rule) == ("decision_cycle", "inference:自有资金年底前花完")
    assert pack_of(pack_json(pack)) == read_pack(pack_yaml(pack)) == pack
    assert engine_with(rules, pack).bundle != rules.bundle


def test_merged_cues_of_one_name_are_replaced_and_switched_off_ones_add_up():
    more = read_pack("cues: {rules: [{name: 据传, status: hearsay, pattern: 据传说}], without: [听说]}")
    both = merged(read_pack(CUES), more)
    assert [c.status for c in both.cues.rules] == ["hearsay"]
    assert both.cues.without == ("大概", "听说")
    assert both.inferences == read_pack(CUES).inferences
