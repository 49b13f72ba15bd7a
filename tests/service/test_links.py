"""A signed link opens one card for one person, for three days, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.links import GOOD_FOR, Link, make_link, read_link

KEY, AT = b"k" * 32, datetime(2026, 3, 18, 2, 20, tzinfo=UTC)
LINK = Link("demo", "wecom:张三", "18a0c3f1b2d4e5f60123456789abcdef")
NAMES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40)


@given(tenant=NAMES, person=NAMES, extraction=st.binary(min_size=16, max_size=16).map(bytes.hex))
def test_what_goes_in_comes_out_in_a_path_of_an_address(tenant, person, extraction):
    token = make_link(Link(tenant, person, extraction), KEY, at=AT)
    assert read_link(token, KEY, at=AT) == Link(tenant, person, extraction)
    assert token.replace("-", "").replace("_", "").isalnum()


def test_it_is_short_and_ends():
    token = make_link(LINK, KEY, at=AT)
    assert len(token) < 90
    assert read_link(token, KEY, at=AT + GOOD_FOR - timedelta(seconds=1)) == LINK
    assert read_link(token, KEY, at=AT + GOOD_FOR) is None


def test_another_key_reads_nothing():
    assert read_link(make_link(LINK, KEY, at=AT), b"x" * 32, at=AT) is None


@given(data=st.data())
def test_no_changed_character_passes(data):
    token = make_link(LINK, KEY, at=AT)
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("ABCXYZabcxyz0189-_=+/ 张"))
    changed = token[:place] + letter + token[place + 1 :]
    assert changed == token or read_link(changed, KEY, at=AT) is None


def test_the_line_between_tenant_and_person_is_signed():
    """`ab` + `c` and `a` + `bc` are the same bytes side by side."""
    first, second = (
        make_link(Link(tenant, person, LINK.extraction), KEY, at=AT) for tenant, person in (("ab", "c"), ("a", "bc"))
    )
    assert first != second
    assert read_link(first, KEY, at=AT) == Link("ab", "c", LINK.extraction)


@pytest.mark.parametrize("token", ["", "A", "=", "A" * 60, "A" * 5000, "不是链接", "\x00" * 90, "../../etc/passwd"])
def test_rubbish_opens_nothing(token):
    assert read_link(token, KEY, at=AT) is None


@given(token=st.text(max_size=120) | st.binary(max_size=90).map(lambda raw: raw.hex()))
def test_no_text_raises(token):
    assert read_link(token, KEY, at=AT) is None


def test_an_extraction_that_is_no_id_makes_no_link():
    with pytest.raises(ValueError, match="hexadecimal"):
        make_link(Link("demo", "x", "no-id"), KEY, at=AT)
