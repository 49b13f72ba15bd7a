"""What the pages read of open re-confirmations beyond the re-confirmations themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from service.store.reconfirm import open_ones, shown
from service.store.tables import reconfirmations, suggestions


def retractions(connection: Connection, tenant: str, extraction: str) -> list[dict[str, Any]]:
    """What the note of an extraction takes back without naming another value, where it is still open."""
    mine = (reconfirmations.c.extraction == extraction) & reconfirmations.c.suggestion.is_(None)
    return [shown(row) for row in connection.execute(open_ones(tenant).where(mine))]


def rivals(connection: Connection, tenant: str, ids: Sequence[str]) -> dict[str, str]:
    """What suggestions say instead, for people, by their id."""
    mine = (suggestions.c.tenant == tenant) & suggestions.c.id.in_(ids)
    rows = connection.execute(select(suggestions.c.id, suggestions.c.data).where(mine)) if ids else ()
    return {row.id: row.data["display"] for row in rows}
