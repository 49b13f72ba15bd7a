"""Keys looked up a moment ago, so that a busy client does not cost a query each time."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from service.store.database import Database
from service.store.keys import Caller, digest, find_caller

MOST = 1000


@dataclass(frozen=True, slots=True)
class Callers:
    """Who a key belongs to. What was found is believed for `seconds`: so long may a revoked key still work."""

    database: Database
    seconds: float
    _seen: dict[str, tuple[float, Caller]] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def known(self, key: str) -> Caller | None:
        """The caller, where it was looked up a moment ago."""
        until, caller = self._seen.get(digest(key), (0.0, None))
        return caller if time.monotonic() < until else None

    def look_up(self, key: str) -> Caller | None:
        """The caller by the database; None for a key unknown, revoked or expired."""
        with self._turn:  # requests that come together ask once
            if (known := self.known(key)) is not None:
                return known
            with self.database.read() as connection:
                caller = find_caller(connection, key)
            if caller is not None and self.seconds:
                if len(self._seen) >= MOST:
                    self._seen.clear()
                self._seen[digest(key)] = time.monotonic() + self.seconds, caller
            return caller
