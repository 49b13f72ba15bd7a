"""When a failed delivery is tried again: exponential, full jitter, for a day.

Full jitter: a uniform draw between zero and the exponential ceiling, which spreads the retries of many failed events
best (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

BASE = timedelta(seconds=10)
CEILING = timedelta(hours=4)
WINDOW = timedelta(hours=24)
# Ceilings 10 s, 20 s, … 10 240 s, then 4 h: the 21 draws add up to 24 h on average.
MAX_ATTEMPTS = 22


def ceiling(attempt: int) -> timedelta:
    """The longest wait after the `attempt`-th failure (1 = the first)."""
    doublings: int = 2 ** min(attempt - 1, 16)
    return min(CEILING, BASE * doublings)


def next_attempt(attempt: int, now: datetime, rng: Random, *, first_at: datetime | None = None) -> datetime | None:
    """The time of the next attempt after `attempt` failed ones; None: give up, it is a dead letter.

    With `first_at`, the first attempt's time, the day is exact: the last attempt falls on its end at the latest.
    Without it the count alone bounds the schedule, to a day on average.
    """
    if attempt < 1:
        raise ValueError("attempts count from 1")
    if first_at is None:
        return now + rng.random() * ceiling(attempt) if attempt < MAX_ATTEMPTS else None
    end = first_at + WINDOW
    return min(now + rng.random() * ceiling(attempt), end) if now < end else None
