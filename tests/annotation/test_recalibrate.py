"""Confidence follows what people accepted, by the weight of the evidence; drift alarms, chance does not."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.drift import chance_of_so_few, drift
from annotation.recalibrate import ALL, Answer, Map, apply, digest_of, fit, gap, maps_from_json, maps_json


def people(count: int, field: str, low: float, high: float, truth, seed: int = 3) -> list[Answer]:
    """Decisions on promises spread over [low, high], accepted by chance with `truth(promised)`."""
    rng = random.Random(seed)
    promises = [low + (high - low) * rng.random() for _ in range(count)]
    return [Answer(field, p, rng.random() < truth(p)) for p in promises]


def test_too_sure_a_field_comes_down_to_what_people_accept():
    """Promised 0.6 to 0.95, accepted 25 points less: after the maps the gap is gone, on decisions not seen as well."""

    def truth(p: float) -> float:
        return p - 0.25

    maps = fit([*people(600, "timeline", 0.6, 0.95, truth), *people(300, "contact_person", 0.7, 0.98, lambda p: p)])
    fresh = people(2000, "timeline", 0.6, 0.95, truth, seed=9)
    assert gap(fresh) > 0.2
    mended = [Answer(a.field, apply(maps, a.field, a.promised), a.accepted) for a in fresh]
    assert abs(gap(mended)) < 0.03
    assert abs(apply(maps, "contact_person", 0.9) - 0.9) < 0.04


def test_few_decisions_stay_with_everyone():
    """A tenant's handful of rejections moves nothing; many move its maps only as far as they go."""
    common = fit(people(500, "timeline", 0.6, 0.95, lambda p: p - 0.1))
    assert fit(people(20, "timeline", 0.6, 0.95, lambda p: 0.0), common) == common
    some = fit(people(40, "timeline", 0.6, 0.95, lambda p: 0.2), common)
    many = fit(people(400, "timeline", 0.6, 0.95, lambda p: 0.2), common)
    assert apply(common, "timeline", 0.9) > apply(some, "timeline", 0.9) > apply(many, "timeline", 0.9)
    assert fit([], None) == {}
    assert apply({}, "timeline", 0.8321) == 0.8321


def test_the_same_decisions_make_the_same_maps():
    heard = people(200, "timeline", 0.5, 0.9, lambda p: p) + people(90, "competitor", 0.5, 0.9, lambda p: p / 2)
    maps = fit(heard)
    shuffled = random.Random(1).sample(heard, len(heard))
    assert fit(shuffled) == maps
    assert maps_from_json(maps_json(maps)) == maps
    assert digest_of("base", maps) == digest_of("base", fit(shuffled)) != digest_of("other", maps)
    assert set(maps) == {ALL, "timeline", "competitor"}


answers = st.lists(st.builds(Answer, st.just("f"), st.floats(0, 1), st.booleans()), min_size=30, max_size=120)


@given(answers, st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_maps_never_turn_the_order_around(heard, p, q):
    maps = fit(heard)
    low, high = sorted((p, q))
    assert apply(maps, "f", low) <= apply(maps, "f", high)
    one = maps["f"]
    assert one.undo(one(p)) == pytest.approx(p, abs=1e-6)


def test_the_chance_is_the_binomial_one():
    """Of ten promises of 0.9 seven or fewer accepted: 0.0702 (any table of the binomial distribution)."""
    seven = [Answer("f", 0.9, n < 7) for n in range(10)]
    assert chance_of_so_few(seven) == pytest.approx(0.0702, abs=1e-4)


def test_drift_alarms_and_chance_does_not():
    """Of 19 honest fields none alarms; one that fell from 0.9 to 0.7 does within 150 decisions."""
    honest = [a for n in range(19) for a in people(60, f"f{n:03}", 0.7, 0.98, lambda p: p, seed=n)]
    assert sum(d.alarm for d in drift(honest)) == 0
    fallen = people(150, "timeline", 0.85, 0.95, lambda p: 0.7)
    (one,) = [d for d in drift([*honest, *fallen]) if d.alarm]
    assert one.field == "timeline"
    assert one.promised - one.accepted > 0.1
    assert drift([]) == []


def test_a_map_says_how_much_stands_behind_it():
    assert Map() == Map(0.0, 1.0, 0)
    assert fit(people(35, "timeline", 0.6, 0.9, lambda p: p))["timeline"].answers == 35
