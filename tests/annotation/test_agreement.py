"""Agreement: the published example, and what marks count as the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.agreement import agreements, alpha
from annotation.marking import Marking, compare, marking_from
from extractor.types import Span

# Krippendorff 2011, section C: four observers, twelve units, missing data; alpha = 0.743
PUBLISHED = [
    "123321412...",
    "1233224125.3",
    ".3332342251.",
    "12332441251.",
]


def test_alpha_of_the_published_example():
    units = [[None if v == "." else v for v in unit] for unit in zip(*PUBLISHED, strict=True)]
    assert alpha(units) == pytest.approx(0.743, abs=0.0005)


def test_alpha_has_no_figure_where_chance_would_do_as_well():
    assert alpha([["a", "a"], ["a", "a"]]) is None
    assert alpha([["a", None], [None, "b"]]) is None
    assert alpha([]) is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=30))
def test_alpha_is_one_for_equals_at_most_one_and_symmetric(units):
    found = alpha(units)
    assert found == alpha([(b, a) for a, b in units])
    if found is not None:
        assert found <= 1
        assert (found == 1) == all(a == b for a, b in units)


def mark(
    value: str = "政府拨款", start: int = 0, end: int = 4, *, field: str = "budget_source", certain: bool = True
) -> Marking:
    return Marking(field, (Span(start, end),), value, certain)


def test_f1_asks_for_the_same_words_and_value():
    pairs = [([mark()], [mark()]), ([mark()], [mark(end=5)]), ([mark()], [mark("自有资金")]), ([], [mark()]), ([], [])]
    (found,) = agreements(pairs, ["timeline", "budget_source"])
    assert (found.field, found.notes, found.same, found.first, found.second) == ("budget_source", 4, 1, 3, 4)
    assert found.f1 == pytest.approx(2 / 7)
    # other words for the same value are no disagreement on the value
    assert found.alpha == pytest.approx(alpha([["g", "g"], ["g", "g"], ["g", "z"], ["-", "g"], ["-", "-"]]))


def test_sides_part_where_anything_differs():
    timeline = Marking("timeline", (Span(1, 3),), {"start": None, "end": "2026-06-30", "time": None})
    again = marking_from(timeline.to_json())
    assert compare([timeline, mark()], [mark(), again]) == []
    (parting,) = compare([mark(), timeline], [mark(certain=False), timeline])
    assert (parting.field, parting.first, parting.second) == ("budget_source", (mark(),), (mark(certain=False),))
