"""What must hold for any text: nothing raises, offsets are exact, the same note gives the same bytes."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from extractor.confidence import PriorCalibrator
from extractor.explain import replay
from extractor.patterns import fold
from extractor.pipeline import load_engine
from extractor.reading import View
from extractor.render import result_json
from extractor.scanner import Scanner
from extractor.types import Note
from tests.conftest import SENT_AT

RULES = load_engine()
PIECES = [
    *("王总说", "要等财政拨款", "下周三", "，不对，", "周四", "上门", "８０万", "𠮷野家", "😀", "一百多人"),
    *("138-0013-8000", "合同", "年底到期", "听说", "不用", "贷款", "ＭＥＳ", "老掉线", "没批下来"),
    *("\r\n", "\u200f", "\ud800", "\ue001", "İ", "ǆ"),
]
SENTENCES = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
TEXTS = st.one_of(st.text(st.characters(codec=None), max_size=80), SENTENCES)


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_any_text_is_read_and_offsets_are_exact(text):
    result = RULES.extract(Note("n", text, SENT_AT))
    for extraction in (*result.fields, *result.unsure):
        assert extraction.evidence
        for span in extraction.evidence:
            assert 0 <= span.start < span.end <= len(text)
    shown = result_json(result, explain=True)
    for field in shown["fields"]:
        assert all(e["text"] == text[e["start"] : e["end"]] for e in field["evidence"])


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_same_note_same_bytes(text):
    first, second = (result_json(RULES.extract(Note("n", text, SENT_AT)), explain=True) for _ in range(2))
    assert json.dumps(first) == json.dumps(second)


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_replayed_confidence_is_the_returned_one(text):
    for extraction in RULES.extract(Note("n", text, SENT_AT)).fields:
        if extraction.basis == "stated":
            assert replay(extraction, PriorCalibrator()) == extraction.confidence


@settings(deadline=None)
@given(TEXTS)
def test_folding_keeps_every_position(text):
    assert len(fold(text)) == len(text)


def test_scanning_around_anchors_finds_what_the_whole_text_gives():
    """Each pattern finds the same with its needs as without, on every example sentence, alone and in a long note."""
    texts = [fold(e.text) for f in RULES.contract.fields.values() for e in f.examples]
    texts.append("".join(texts))
    checked = 0
    for pattern in RULES.finder.patterns():
        scanner = Scanner([(None, pattern)], [])
        for text in texts:
            whole = [m.span() for m in pattern.compiled.finditer(text)]
            hits = [(h.whole.start, h.whole.end) for h in scanner.scan(View(text, range(len(text) + 1)))]
            assert hits == whole, pattern.key
            checked += len(whole)
    assert checked > 200
