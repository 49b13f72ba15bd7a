"""Sign-in with a brake: guesses cost time, per account and per address, whichever process answers them.

Every try is counted before the password is looked at, so that many at once gain nothing; a right one clears the
account's count. What is kept are digests, neither names nor addresses.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from math import ceil

from service import accounts
from service.problems import ServiceError
from service.store import attempts
from service.store.database import Database, now
from service.store.users import User

FREE = {"account": 5, "address": 30}  # tries without waiting
FIRST, LONGEST = timedelta(seconds=30), timedelta(minutes=15)


def sign_in(database: Database, tenant: str, name: str, password: str, *, address: str) -> User | None:
    """As `accounts.sign_in`. Raises ServiceError 429 `signin.throttled` after too many tries, with when to return."""
    keys = {"account": _key("account", tenant, name), "address": _key("address", address)}
    moment = now()
    with database.write() as connection:
        found = {kind: attempts.of(connection, key, moment) for kind, key in keys.items()}
        until = max(row.until for row in found.values())
        if until > moment:
            raise too_many(until - moment)
        for kind, row in found.items():
            attempts.count(connection, row.key, moment + wait(row.failures + 1, FREE[kind]))
    with database.read() as connection:
        user = accounts.sign_in(connection, tenant, name, password)
    if user is not None:
        with database.write() as connection:
            attempts.forgive(connection, account=keys["account"], address=keys["address"])
    return user


def wait(failures: int, free: int) -> timedelta:
    """None for the free ones, then `FIRST`, doubled each time up to `LONGEST`."""
    over = failures - free
    return timedelta() if over < 0 else min(FIRST * 2 ** min(over, 10), LONGEST)


def too_many(left: timedelta) -> ServiceError:
    """The refusal: when to try again."""
    seconds = max(1, ceil(left.total_seconds()))
    words = f"{ceil(seconds / 60)} 分钟" if seconds > 90 else f"{seconds} 秒"
    detail = f"试得太多了，请 {words}后再试；忘了密码请找管理员重设"
    return ServiceError(429, "signin.throttled", detail, extra={"retry_after": seconds})


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()
