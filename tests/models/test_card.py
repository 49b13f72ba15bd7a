"""The card says what was measured, of the bundle that is shipped."""

from __future__ import annotations

import json

from benchmarks import RESULTS
from benchmarks.card import CARD, page
from models.bundle import DEFAULT, load_bundle


def test_tables_are_drawn_from_the_results():
    text = CARD.read_text(encoding="utf-8")
    assert text == page(text, json.loads((RESULTS / "tagger.json").read_text(encoding="utf-8"))), "run: make docs"


def test_results_are_of_the_shipped_bundle():
    measured = json.loads((RESULTS / "tagger.json").read_text(encoding="utf-8"))
    assert measured["digest"] == load_bundle(DEFAULT).digest
