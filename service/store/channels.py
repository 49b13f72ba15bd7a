"""Messages of a bot: what was said, what was answered; a repeat answers the same."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, insert, select

from service.store.database import new_id, now
from service.store.tables import extractions, messages, notes


def answered(connection: Connection, tenant: str, channel: str, message: str) -> Row[Any] | None:
    """What this message was answered before, or None."""
    query = select(messages).where(
        messages.c.tenant == tenant, messages.c.channel == channel, messages.c.message == message
    )
    return connection.execute(query).first()


def remember(
    connection: Connection, tenant: str, channel: str, message: str, sender: str, *, reply: str, extraction: str | None
) -> None:
    """Keep a message's answer. A second writer of the same message fails here, and with it all it did."""
    connection.execute(
        insert(messages).values(
            id=new_id(), tenant=tenant, channel=channel, message=message, sender=sender, extraction=extraction,
            reply=reply, at=now(),
        )
    )  # fmt: skip


def last_extraction(connection: Connection, tenant: str, channel: str, sender: str) -> Row[Any, Any] | None:
    """The extraction that a sender's 「1」 or 「改2」 speaks of: their latest, with its note."""
    query = (
        select(messages.c.extraction, notes.c.sent_at)
        .join(extractions, extractions.c.id == messages.c.extraction)
        .join(notes, notes.c.id == extractions.c.note)
        .where(messages.c.tenant == tenant, messages.c.channel == channel, messages.c.sender == sender)
    )
    return connection.execute(query.order_by(messages.c.at.desc()).limit(1)).first()
