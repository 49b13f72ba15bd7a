"""Words mined from a tenant's notes, kept for the server, which does no mining itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from annotation.proposals import Candidate
from service.store.database import new_id, now
from service.store.release_tables import mined
from service.store.tables import notes

MOST = 5000  # newest notes that words are mined from


def texts(connection: Connection, tenant: str) -> dict[str, str]:
    """The tenant's newest notes that still have their text, by id."""
    query = select(notes.c.id, notes.c.text).where(notes.c.tenant == tenant, notes.c.text.is_not(None))
    rows = connection.execute(query.order_by(notes.c.created_at.desc(), notes.c.id.desc()).limit(MOST))
    return {row.id: row.text for row in rows}


def replace(connection: Connection, tenant: str, found: Sequence[Candidate]) -> None:
    """These words, and none of those mined before."""
    connection.execute(delete(mined).where(mined.c.tenant == tenant))
    rows: list[dict[str, Any]] = [
        {"id": new_id(), "tenant": tenant, "kind": c.kind, "field": c.field, "words": c.words, "value": c.value,
         "keyness": c.keyness, "at": now()}
        for c in found
    ]  # fmt: skip
    if rows:
        connection.execute(insert(mined), rows)


def candidates(connection: Connection, tenant: str) -> list[Candidate]:
    """What was mined last, most telling first."""
    query = select(mined).where(mined.c.tenant == tenant).order_by(mined.c.keyness.desc(), mined.c.field, mined.c.words)
    return [Candidate(r.kind, r.field, r.words, r.value, r.keyness) for r in connection.execute(query)]
