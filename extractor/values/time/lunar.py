"""The Chinese calendar, by the library `lunar_python` (MIT), imported at first use."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

MAX_YEAR = 2199


@lru_cache(maxsize=1024)
def lunar_date(year: int, month: int, day: int) -> datetime:
    """Solar day of a lunar date. Raises ValueError where the month has no such day or the year is out of reach."""
    if not 1900 <= year <= MAX_YEAR:
        raise ValueError(year)
    from lunar_python import Lunar

    try:
        solar = Lunar.fromYmd(year, month, day).getSolar()
    except Exception as error:  # the library raises bare Exception for a day that does not exist
        raise ValueError(f"no lunar date {year}-{month}-{day}") from error
    return datetime(solar.getYear(), solar.getMonth(), solar.getDay())


@lru_cache(maxsize=256)
def solar_term(year: int, name: str) -> datetime:
    """Day of a solar term (清明) in a solar year."""
    if not 1900 <= year <= MAX_YEAR:
        raise ValueError(year)
    from lunar_python import Lunar

    solar = Lunar.fromYmd(year, 1, 1).getJieQiTable()[name]
    return datetime(solar.getYear(), solar.getMonth(), solar.getDay())
