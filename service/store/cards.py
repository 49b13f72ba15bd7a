"""Cards with buttons that were sent, until their buttons are gone: tapped, or what they ask was answered elsewhere."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, insert, select, update

from service.store.database import new_id, now
from service.store.suggestions import PENDING
from service.store.tables import cards, suggestions
from service.wecom.cards import SHOWN

GOOD = timedelta(hours=72)  # so long WeCom lets a card be changed, and once
LEASE = timedelta(minutes=2)
TRIES = 6
WAIT = timedelta(seconds=30)  # before the second try; doubled each time


def remember(connection: Connection, tenant: str, extraction: str, person: str, code: str) -> None:
    """A card about `extraction` went to `person`; `code` is what WeCom asks for to change it."""
    row = {"id": new_id(), "tenant": tenant, "extraction": extraction, "person": person, "code": code, "attempts": 0}
    connection.execute(insert(cards).values(**row, sent_at=now(), next_at=now()))


def tapped(connection: Connection, extraction: str) -> None:
    """The answer to a tap takes the buttons away: nothing is left to do."""
    connection.execute(update(cards).where(cards.c.extraction == extraction).values(next_at=None))


def sweep(connection: Connection) -> None:
    """Cards too old to be changed are left as they are."""
    old = cards.c.next_at.is_not(None) & (cards.c.sent_at <= now() - GOOD)
    connection.execute(update(cards).where(old).values(next_at=None))


def anything_due(connection: Connection) -> bool:
    """Whether some card asks what nobody need answer; a look that locks nothing."""
    return connection.execute(select(cards.c.id).where(_due()).limit(1)).first() is not None


def take(connection: Connection) -> Row[Any] | None:
    """The next card whose buttons are to go, leased to the caller."""
    query = select(cards).where(_due()).order_by(cards.c.next_at).limit(1).with_for_update(skip_locked=True)
    row = connection.execute(query).first()
    if row is not None:
        leased = {"next_at": now() + LEASE, "attempts": row.attempts + 1}
        connection.execute(update(cards).where(cards.c.id == row.id).values(**leased))
    return row


def settle(connection: Connection, row: Row[Any], *, again: bool) -> None:
    """Done with a card that `take` gave; or, a few times, `again` later."""
    tries = row.attempts + 1
    at: datetime | None = now() + WAIT * 2 ** (tries - 1) if again and tries < TRIES else None
    connection.execute(update(cards).where(cards.c.id == row.id).values(next_at=at))


def states(connection: Connection, row: Row[Any]) -> set[str]:
    """What became of the suggestions that a card shows."""
    query = select(suggestions.c.state, suggestions.c.expires_at).where(_shown(row.extraction))
    return {"expired" if r.state == PENDING and r.expires_at <= now() else r.state for r in connection.execute(query)}


def _due() -> ColumnElement[bool]:
    asked = (suggestions.c.state == PENDING) & (suggestions.c.expires_at > now())
    waits = exists().where(_shown(cards.c.extraction), asked)
    return (cards.c.next_at <= now()) & (cards.c.sent_at > now() - GOOD) & ~waits


def _shown(extraction: str | ColumnElement[str]) -> ColumnElement[bool]:
    return and_(suggestions.c.extraction == extraction, suggestions.c.position < SHOWN)
