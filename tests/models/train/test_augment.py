"""However a note is changed, its marks stand on the words they stood on."""

from __future__ import annotations

import random

from models.train.augment import Augmenter, Odds, joined, pieces
from models.train.marks import Labelled, Mark

ALWAYS = Odds(swap=1, digits=1, bare=1, join=1, slip=1)


def test_marks_follow_their_words(notes: list[Labelled]):
    change = Augmenter(notes, ("赵", "钱"), ("新星科技",), ALWAYS, random.Random(0))
    for note in notes * 30:
        changed = change(note)
        for mark in changed.marks:
            words = changed.text[mark.start : mark.end]
            assert words
            if mark.field == "contact_person":
                assert words[-1] in "总工"
            if mark.field == "budget_source":
                assert words == "财政拨款"


def test_no_odds_no_change(notes: list[Labelled]):
    same = Augmenter(notes, ("赵",), ("新星科技",), Odds(0, 0, 0, 0, 0), random.Random(0))
    assert [same(n) for n in notes] == notes


def test_marks_that_overlap_keep_their_words():
    marks = (Mark("pain_point", ".", 2, 8), Mark("equipment", ".", 2, 5), Mark("contact_person", ".", 0, 2))
    note = Labelled("n", "王总注塑机总停机，烦", marks)
    made = joined(note, pieces(note))
    assert made.text == note.text
    assert set(made.marks) == set(marks)
