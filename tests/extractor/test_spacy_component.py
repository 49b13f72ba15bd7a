"""The spaCy component finds exactly what the engine finds."""

from __future__ import annotations

import spacy

from extractor.types import Note
from tests.conftest import SENT_AT

NOTES = ("王总说要等财政拨款，😀下周三带样品上门", "𠮷野家的李经理：贷款买", "今天中午吃什么")


def test_spans_equal_the_engines(rules):
    nlp = spacy.blank("zh")
    nlp.add_pipe("sales_note", config={"sent_at": SENT_AT.isoformat()})
    for text in NOTES:
        doc = nlp(text)
        expected = [
            (s.start, s.end, e.field) for e in rules.extract(Note("n", text, SENT_AT)).fields for s in e.evidence
        ]
        assert [(s.start_char, s.end_char, s.label_) for s in doc.spans["fields"]] == expected
