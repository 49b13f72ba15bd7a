"""Confirmed values: every version of every value of a customer; `current` marks what holds now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from extractor.contract import Field
from extractor.types import Json
from service.store.database import new_id, now
from service.store.tables import confirmed


@dataclass(frozen=True, slots=True)
class Claimed:
    """A value somebody stands for: whose, what, when it was said, how sure the note was."""

    tenant: str
    customer: str
    field: Field
    value: Json
    said_at: str
    certain: bool
    suggestion: str
    decision: str
    by: str


@dataclass(frozen=True, slots=True)
class Written:
    """What became of it. `previous` is the value that held before; `kept_out` says why it did not replace a firmer one;
    `restored` is the value that an undo brought back."""

    version: int | None
    previous: Json = None
    kept_out: str | None = None
    restored: Json = None


def write(connection: Connection, claimed: Claimed) -> Written:
    """Single-valued fields replace, many-valued ones accumulate; the same value again changes nothing.

    A value that is older or less certain than the one that holds does not replace it.
    """
    held = current(connection, claimed.tenant, claimed.customer, field=claimed.field.name)
    same = next((row for row in held if row.value == claimed.value), None)
    if same is not None:
        return Written(same.version, same.value)
    rival = None if claimed.field.many else next(iter(held), None)
    if rival is not None and (reason := _weaker(claimed, rival)):
        return Written(None, rival.value, reason)
    key = (
        (confirmed.c.tenant == claimed.tenant)
        & (confirmed.c.customer == claimed.customer)
        & (confirmed.c.field == claimed.field.name)
    )
    version = (connection.execute(select(func.max(confirmed.c.version)).where(key)).scalar() or 0) + 1
    if rival is not None:
        connection.execute(update(confirmed).where(confirmed.c.id == rival.id).values(current=False))
    connection.execute(
        insert(confirmed).values(
            id=new_id(), tenant=claimed.tenant, customer=claimed.customer, field=claimed.field.name,
            value=claimed.value, version=version, suggestion=claimed.suggestion, decision=claimed.decision,
            confirmed_at=now(), confirmed_by=claimed.by, said_at=claimed.said_at, certain=claimed.certain, current=True,
        )
    )  # fmt: skip
    return Written(version, rival.value if rival is not None else None)


def _weaker(claimed: Claimed, held: Row[Any]) -> str | None:
    said, before = datetime.fromisoformat(claimed.said_at), datetime.fromisoformat(held.said_at)
    if said < before:
        return "已有更新的说法"
    if held.certain and not claimed.certain:
        return "已有更确定的说法"
    return None


def take_back(connection: Connection, suggestion: str) -> Written | None:
    """Undo: the value a suggestion gave no longer holds, the one it replaced holds again (its version, or None).

    None where the suggestion had given no value that holds.
    """
    row = connection.execute(
        select(confirmed).where(confirmed.c.suggestion == suggestion, confirmed.c.current.is_(True))
    ).first()
    if row is None:
        return None
    connection.execute(update(confirmed).where(confirmed.c.id == row.id).values(current=False))
    key = (confirmed.c.tenant == row.tenant) & (confirmed.c.customer == row.customer) & (confirmed.c.field == row.field)
    holds = connection.execute(select(confirmed.c.id).where(key & confirmed.c.current.is_(True))).first()
    before = connection.execute(
        select(confirmed).where(key & (confirmed.c.version < row.version)).order_by(confirmed.c.version.desc())
    ).first()
    if holds or before is None:
        return Written(None, row.value)
    connection.execute(update(confirmed).where(confirmed.c.id == before.id).values(current=True))
    return Written(before.version, row.value, restored=before.value)


def current(connection: Connection, tenant: str, customer: str, *, field: str | None = None) -> Sequence[Row[Any]]:
    """What holds now for a customer, by field and version."""
    query = select(confirmed).where(
        confirmed.c.tenant == tenant, confirmed.c.customer == customer, confirmed.c.current.is_(True)
    )
    if field:
        query = query.where(confirmed.c.field == field)
    return connection.execute(query.order_by(confirmed.c.field, confirmed.c.version)).all()


def history(connection: Connection, tenant: str, customer: str, field: str) -> Sequence[Row[Any]]:
    """Every version of a field, newest first."""
    query = select(confirmed).where(
        confirmed.c.tenant == tenant, confirmed.c.customer == customer, confirmed.c.field == field
    )
    return connection.execute(query.order_by(confirmed.c.version.desc())).all()
