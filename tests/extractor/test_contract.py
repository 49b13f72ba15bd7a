"""The contract loads, says what is wrong in words that cure it, and takes a new field from one file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from extractor.check import check
from extractor.contract import RULES_DIR, json_schema, load_contract
from extractor.docs import fields_page
from extractor.errors import ContractError
from extractor.pipeline import load_engine
from extractor.types import Note
from service.routes.information import contract_json
from tests.conftest import SENT_AT

COLOUR = """
name: colour
title: 颜色
kind: choice
order: 99
definition: 客户要的颜色
capture: {note: 从笔记读出, ask: 要什么颜色？}
validation: {note: 只能是列出的颜色}
correction: {note: 可改选}
values: {红: 红色, 蓝: 蓝色}
rules:
  - {name: 要红的, value: 红, score: 0.9, words: [红色的, 要红的]}
examples:
  - {text: 客户要红的, expect: [{value: 红, evidence: 要红的}]}
  - {text: 他脸都红了}
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(RULES_DIR, tmp_path / "rules")


def test_all_nineteen_fields_are_there(contract):
    assert len(contract.fields) == 19


def test_a_field_added_by_one_file_appears_everywhere(copy):
    (copy / "fields" / "colour.yaml").write_text(COLOUR, encoding="utf-8")
    engine = load_engine(copy)
    found = [(e.field, e.value) for e in engine.extract(Note("n", "客户要红的", SENT_AT)).fields]
    assert ("colour", "红") in found
    assert contract_json(engine.contract)["fields"][-1]["name"] == "colour"
    assert "颜色" in fields_page(engine.contract)
    assert [t for t in check(engine.contract) if t.file == "colour.yaml"] == []


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("kind: choice", "kind: choise", "kind"),
        ("title: 颜色\n", "", "title"),
        ("order: 99", "order: 99\ncolour: x", "colour"),
        ("value: 红, score", "value: 绿, score", "rules.0.value"),
        ("score: 0.9", "score: 9", "rules.0.score"),
        ("words: [红色的, 要红的]", "words: no_such_list", "rules.0.words"),
        ("words: [红色的, 要红的]", "pattern: '(红'", "要红的.pattern"),
        ("words: [红色的, 要红的]", "pattern: '{nothing}红'", "要红的.pattern"),
        ("  - {text: 他脸都红了}\n", "", "examples"),
        ("text: 客户要红的", "text: 客户要蓝的", "examples.0"),
        ("words: [红色的, 要红的]", "pattern: '(红|红红|要红的)*(红+)+$|要红的'", "要红的.pattern"),
    ],
)
def test_a_wrong_contract_names_file_key_and_cure(copy, old, new, key):
    assert old in COLOUR
    (copy / "fields" / "colour.yaml").write_text(COLOUR.replace(old, new), encoding="utf-8")
    try:
        troubles = [(t.file, t.key, t.cure) for t in check(load_contract(copy)) if t.file == "colour.yaml"]
    except ContractError as error:
        troubles = [(error.file, error.key, error.cure)]
    assert any(file == "colour.yaml" and where.startswith(key) and cure for file, where, cure in troubles), troubles


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ContractError, match="fields"):
        load_contract(tmp_path)


def test_version_changes_with_any_byte(copy):
    before = load_contract(copy).version
    (copy / "cues.yaml").write_text((copy / "cues.yaml").read_text(encoding="utf-8") + "\n# x\n", encoding="utf-8")
    assert load_contract(copy).version != before


def test_schema_for_editors_knows_every_key():
    assert {"name", "rules", "examples", "refusals"} <= set(json_schema()["properties"])


def test_committed_schema_is_current():
    import json

    committed = json.loads((RULES_DIR / "schema" / "field.schema.json").read_text(encoding="utf-8"))
    assert committed == json.loads(json.dumps(json_schema()))
