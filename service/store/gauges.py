"""What the metrics tell of the database: how much waits, and how far confidence is from what people accept."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from sqlalchemy import Connection, func, select

from service.store.database import now
from service.store.tables import deliveries, digests, outbox, reconfirmations, suggestions

RECENT = timedelta(days=30)
MOST = 20_000  # decided suggestions that drift is measured on
DECIDED = ("confirmed", "corrected", "rejected")


def states(connection: Connection) -> dict[str, int]:
    """Suggestions by state, over all tenants."""
    query = select(suggestions.c.state, func.count()).group_by(suggestions.c.state)
    return {row[0]: row[1] for row in connection.execute(query)}


def queues(connection: Connection) -> dict[str, int]:
    """How many events wait to be spread, deliveries to be made (or are dead), digests to be sent, people to decide."""
    moment = now()
    waiting = {
        "events": select(func.count()).where(outbox.c.spread_at.is_(None)),
        "deliveries": select(func.count()).where(deliveries.c.state == "due"),
        "dead_letters": select(func.count()).where(deliveries.c.state == "dead"),
        "digests": select(func.count()).where(digests.c.sent_at.is_(None), digests.c.next_at.is_not(None)),
        "suggestions": select(func.count()).where(suggestions.c.state == "pending", suggestions.c.expires_at > moment),
        "reconfirmations": select(func.count()).where(reconfirmations.c.settled_at.is_(None)),
        "reconfirmations_overdue": select(func.count()).where(
            reconfirmations.c.settled_at.is_(None), reconfirmations.c.due_at <= moment
        ),
    }
    return {name: int(connection.execute(query).scalar() or 0) for name, query in waiting.items()}


def drift(connection: Connection) -> dict[str, float]:
    """Per field, over what was decided lately: mean confidence minus the share that was confirmed as it was."""
    query = (
        select(suggestions.c.field, suggestions.c.state, suggestions.c.data)
        .where(suggestions.c.state.in_(DECIDED), suggestions.c.decided_at >= now() - RECENT)
        .order_by(suggestions.c.decided_at.desc())
        .limit(MOST)
    )
    gaps: dict[str, list[float]] = defaultdict(list)
    for row in connection.execute(query):
        gaps[row.field].append(row.data["confidence"] - (row.state == "confirmed"))
    return {field: sum(values) / len(values) for field, values in gaps.items()}
