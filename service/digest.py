"""The morning digest: what a rep confirmed yesterday, what is missing, what is overdue. Pure; the worker sends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

ZONE = timezone(timedelta(hours=8), "Asia/Shanghai")  # no summer time since 1991
LATEST = timedelta(hours=4)  # behind the hour asked for; a digest in the afternoon helps nobody
MOST = 5  # lines of one part, and fields of one line


@dataclass(frozen=True, slots=True)
class Line:
    """A customer and what is said of them: values as people read them, or titles of fields."""

    customer: str
    things: Sequence[str]


@dataclass(frozen=True, slots=True)
class Morning:
    """One rep's morning: `confirmed` on the day before `day`, `missing`, `overdue`, suggestions still `waiting`."""

    rep: str
    day: date
    confirmed: Sequence[Line] = ()
    missing: Sequence[Line] = ()
    overdue: Sequence[Line] = ()
    waiting: int = 0


def build(morning: Morning) -> str:
    """The message; empty where there is nothing to tell."""
    parts = [
        *_part("昨天确认", morning.confirmed),
        *_part("要复核（已过时限）", morning.overdue),
        *([f"待确认：{morning.waiting} 条"] if morning.waiting else []),
        *_part("还缺", morning.missing),
    ]
    return "\n".join([f"早上好，{morning.rep}。{morning.day:%m月%d日}：", *parts]) if parts else ""


def _part(title: str, lines: Sequence[Line]) -> list[str]:
    if not lines:
        return []
    rows = [f"· {line.customer}：{'、'.join(line.things[:MOST])}{_more(line.things)}" for line in lines[:MOST]]
    return [f"{title}：", *rows, *([f"· 另有 {len(lines) - MOST} 家"] if len(lines) > MOST else [])]


def _more(things: Sequence[str]) -> str:
    return f" 等 {len(things)} 项" if len(things) > MOST else ""


def due_day(moment: datetime, hour: int) -> date | None:
    """The day whose digest is due at this moment, in China's time; None outside the morning that begins at `hour`."""
    local = moment.astimezone(ZONE)
    begins = datetime.combine(local.date(), time(hour), ZONE)
    return local.date() if begins <= local < begins + LATEST else None


def bounds(day: date) -> tuple[datetime, datetime]:
    """The day in China's time as [start, end) in UTC."""
    start = datetime.combine(day, time(), ZONE).astimezone(UTC)
    return start, start + timedelta(days=1)
