"""The retry schedule: jittered, growing, a day long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.webhooks.backoff import CEILING, MAX_ATTEMPTS, WINDOW, ceiling, next_attempt

START = datetime(2026, 3, 18, 2, 20, tzinfo=UTC)


def schedule(seed: int, first_at: datetime | None = START) -> list[datetime]:
    """All attempts of an event that never gets through, the first one included."""
    rng, times = Random(seed), [START]
    while (later := next_attempt(len(times), times[-1], rng, first_at=first_at)) is not None:
        times.append(later)
    return times


@settings(deadline=None)
@given(st.integers())
def test_the_last_attempt_falls_on_the_end_of_the_day(seed):
    times = schedule(seed)
    assert times[-1] == START + WINDOW
    assert all(a <= b for a, b in pairwise(times))
    assert all(b - a <= ceiling(n) for n, (a, b) in enumerate(pairwise(times), 1))


@settings(deadline=None)
@given(st.integers())
def test_the_same_seed_gives_the_same_schedule(seed):
    assert schedule(seed) == schedule(seed)


def test_without_the_first_time_the_count_bounds_it_to_a_day_on_average():
    runs = [schedule(seed, None) for seed in range(500)]
    assert {len(run) for run in runs} == {MAX_ATTEMPTS}
    hours = mean((run[-1] - START) / timedelta(hours=1) for run in runs)
    assert hours == pytest.approx(24, abs=1.5)


def test_ceilings_double_up_to_four_hours():
    assert [ceiling(n).total_seconds() for n in (1, 2, 3, 11)] == [10, 20, 40, 10240]
    assert ceiling(12) == ceiling(10_000) == CEILING


def test_jitter_is_full():
    draws = [(next_attempt(5, START, Random(n)) or START) - START for n in range(400)]
    assert min(draws) < ceiling(5) * 0.05
    assert max(draws) > ceiling(5) * 0.95


def test_attempts_count_from_one():
    with pytest.raises(ValueError, match="from 1"):
        next_attempt(0, START, Random(0))
