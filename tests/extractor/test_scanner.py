"""Running patterns only where their needs are met finds exactly what running them everywhere finds."""

from __future__ import annotations

import regex
from hypothesis import given
from hypothesis import strategies as st

from extractor.needs import any_word, needs
from extractor.reading import View
from extractor.scanner import Pattern, Scanner

ATOM = st.sampled_from(["a", "b", "ab", "[bc]", "[^a]", "(?:a|bc)", "(?:ab|c|)", "(?=b)", "(?!c)", "(?<=a)", "(?<!b)"])
ATOM |= st.sampled_from(["\\b", "^", "$", "(?:(?:ab?){1,2})", "."])
TIMES = st.sampled_from(["", "", "?", "*", "+", "{0,2}", "{2}", "?+"])
FIXED = ("\\b", "^", "$")
PART = st.tuples(ATOM, TIMES).map(lambda p: p[0] if p[0] in FIXED or "(?=" in p[0] or "(?!" in p[0] else p[0] + p[1])
SEQUENCE = st.lists(PART, min_size=1, max_size=5).map("".join)
PATTERN = st.lists(SEQUENCE, min_size=1, max_size=2).map(lambda options: f"(?:{'|'.join(options)})")
TEXT = st.text("abc ", max_size=30)


def spans(pattern: str, text: str) -> list[tuple[int, int]]:
    scanner = Scanner([(None, Pattern(lambda: pattern, pattern, {}, "file", "key"))], [])
    return [(h.whole.start, h.whole.end) for h in scanner.scan(View(text, range(len(text) + 1)))]


@given(PATTERN, TEXT)
def test_same_matches_as_everywhere(pattern: str, text: str):
    assert spans(pattern, text) == [m.span() for m in regex.finditer(pattern, text)]


def test_needs_of_a_rule():
    found = needs("要(?:买|采购).{0,3}台(?!账)", {})
    assert [set(n.words) for n in found.all] == [{"要买", "要采购"}, {"台"}]
    assert (found.all[0].before, found.all[0].after) == (0, 4)
    assert (found.reach, found.nested) == (2, False)


def test_what_may_be_left_out_is_not_needed():
    assert [set(n.words) for n in needs("不(?:想|要)?买(?:了)?", {}).all] == [
        {"不买", "不想买", "不要买", "不买了", "不想买了", "不要买了"}
    ]
    assert needs("(?:不|别)?.?(?:买)?", {}).all == ()


def test_a_stand_in_means_any_word_of_its_lexicon():
    found = needs("(?:\ue000|\ue001)总", {"\ue000": any_word(["王", "欧阳"]), "\ue001": any_word(["李"])})
    assert set(found.all[0].words) == {"王总", "欧阳总", "李总"}


def test_words_longest_first_and_not_inside_latin_words():
    scanner = Scanner([], [("device", ("MES", "MES系统", "机床"))])
    text = "上MES系统，messy，数控机床"
    hits = [text[h.span.start : h.span.end] for h in scanner.scan(View(text.lower(), range(len(text) + 1)))]
    assert hits == ["MES系统", "机床"]
