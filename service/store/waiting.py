"""What the rep's pages read: notes that await a decision, the next one, what became of suggestions, customers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, or_, select

from extractor.types import Json
from service.store.database import now
from service.store.suggestions import PENDING
from service.store.tables import confirmed, decisions, extractions, notes, suggestions

Place = tuple[datetime, str]  # created_at and id of an extraction


@dataclass(frozen=True, slots=True)
class Waiting:
    """A note with suggestions that await a decision."""

    extraction: str
    created_at: datetime
    note: Row[Any]
    pending: Sequence[Row[Any]]

    @property
    def place(self) -> Place:
        return self.created_at, self.extraction


@dataclass(frozen=True, slots=True)
class Answer:
    """The last decision on a suggestion."""

    action: str
    value: Json
    reason: str | None
    by: str


def _places(tenant: str, author: str | None) -> Select[Any]:
    """Extractions with something pending, oldest first; of one author, or of all."""
    query = select(extractions.c.id, extractions.c.created_at, extractions.c.note)
    open_ = (suggestions.c.state == PENDING) & (suggestions.c.expires_at > now())
    query = query.join(suggestions, suggestions.c.extraction == extractions.c.id).where(
        suggestions.c.tenant == tenant, open_
    )
    if author is not None:
        query = query.where(suggestions.c.author == author)
    return query.distinct().order_by(extractions.c.created_at, extractions.c.id)


def _behind(query: Select[Any], after: Place | None) -> Select[Any]:
    if after is None:
        return query
    moment, last = after
    same = and_(extractions.c.created_at == moment, extractions.c.id > last)
    return query.where(or_(extractions.c.created_at > moment, same))


def waiting(
    connection: Connection, tenant: str, author: str | None, *, after: Place | None, limit: int
) -> list[Waiting]:
    """A page of notes that await a decision, oldest first, from behind `after`."""
    rows = connection.execute(_behind(_places(tenant, author), after).limit(limit)).all()
    found = connection.execute(select(notes).where(notes.c.id.in_([r.note for r in rows])))
    texts = {n.id: n for n in found}
    query = select(suggestions).where(
        suggestions.c.extraction.in_([r.id for r in rows]), suggestions.c.state == PENDING
    )
    pending: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(query.order_by(suggestions.c.position)):
        pending[row.extraction].append(row)
    return [Waiting(r.id, r.created_at, texts[r.note], pending[r.id]) for r in rows]


def count(connection: Connection, tenant: str, author: str | None) -> int:
    """How many notes await a decision."""
    inner = _places(tenant, author).order_by(None).subquery()
    return int(connection.execute(select(func.count()).select_from(inner)).scalar_one())


def next_of(connection: Connection, tenant: str, author: str | None, extraction: str) -> str | None:
    """The note to take up after this one: the next that waits, at the end the oldest; None where no other waits."""
    here = connection.execute(select(extractions.c.created_at).where(extractions.c.id == extraction)).scalar()
    query = _places(tenant, author).where(extractions.c.id != extraction)
    later = connection.execute(_behind(query, (here, extraction) if here else None).limit(1)).first()
    row = later or connection.execute(query.limit(1)).first()
    return row.id if row else None


def answers(connection: Connection, extraction: str) -> dict[str, Answer]:
    """The last decision on each suggestion of an extraction, by suggestion id; undone ones are left out."""
    query = (
        select(decisions)
        .join(suggestions, suggestions.c.id == decisions.c.suggestion)
        .where(suggestions.c.extraction == extraction)
        .order_by(decisions.c.at, decisions.c.id)
    )
    last = {r.suggestion: r for r in connection.execute(query)}
    return {k: Answer(r.action, r.value, r.reason, r.by) for k, r in last.items() if r.action != "undo"}


def customers(
    connection: Connection, tenant: str, *, like: str = "", after: str = "", limit: int = 50
) -> list[Row[Any]]:
    """Customers with confirmed values by name: `customer`, `fields` (how many), `latest`."""
    query = select(
        confirmed.c.customer, func.count().label("fields"), func.max(confirmed.c.confirmed_at).label("latest")
    ).where(confirmed.c.tenant == tenant, confirmed.c.current.is_(True), confirmed.c.customer > after)
    if like:
        query = query.where(confirmed.c.customer.contains(like, autoescape=True))
    return list(connection.execute(query.group_by(confirmed.c.customer).order_by(confirmed.c.customer).limit(limit)))
