"""Guidelines say for every field what the contract says."""

from __future__ import annotations

from annotation.guidelines import general, guides, hot_keys
from extractor.contract import load_contract


def test_every_field_has_its_dimensions_examples_and_a_key_of_its_own():
    contract = load_contract()
    made = guides(contract)
    assert [g.field.name for g in made] == list(contract.fields)
    for guide in made:
        shown = guide.to_json()
        assert all(shown[part] for part in ("definition", "capture", "validation", "correction"))
        assert shown["examples"], guide.field.name
        assert shown["counter_examples"], guide.field.name
        assert all(e["evidence"] in e["text"] for e in shown["examples"])
    keys = [g.key for g in made]
    assert len(set(keys)) == len(keys)
    assert not set("nsux") & set(keys)
    assert len(general()) >= 5


def test_keys_do_not_change_when_a_field_is_added_behind():
    contract = load_contract()
    assert list(hot_keys(contract).values()) == list("abcdefghijklmopqrtvwyz"[: len(contract.fields)])
