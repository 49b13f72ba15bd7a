"""Confirmed values: every version of every value of a customer; `current` marks what holds now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from extractor.contract import Field
from extractor.types import Json
from service.store.database import new_id
from service.store.tables import confirmed, decisions, extractions, notes, suggestions

STANDS = ("confirmed", "corrected")


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
    at: datetime


@dataclass(frozen=True, slots=True)
class Written:
    """What became of it. `previous` is the value that held before; `kept_out` says why it did not replace a firmer one;
    `restored` is the value that an undo brought back."""

    version: int | None
    previous: Json = None
    kept_out: str | None = None
    restored: Json = None


def write(connection: Connection, claimed: Claimed) -> Written:
    """Single-valued fields replace, many-valued ones accumulate; the same value again adds no version, only freshness.

    A value that is older or less certain than the one that holds does not replace it.
    """
    held = current(connection, claimed.tenant, claimed.customer, field=claimed.field.name)
    same = next((row for row in held if row.value == claimed.value), None)
    if same is not None:
        _freshen(connection, same, claimed)
        return Written(same.version, same.value)
    rival = None if claimed.field.many else next(iter(held), None)
    if rival is not None and (reason := _weaker(claimed, rival)):
        return Written(None, rival.value, reason)
    if rival is not None:
        connection.execute(update(confirmed).where(confirmed.c.id == rival.id).values(current=False))
    version = _insert(connection, claimed)
    return Written(version, rival.value if rival is not None else None)


def _insert(connection: Connection, claimed: Claimed) -> int:
    key = (
        (confirmed.c.tenant == claimed.tenant)
        & (confirmed.c.customer == claimed.customer)
        & (confirmed.c.field == claimed.field.name)
    )
    version = int(connection.execute(select(func.max(confirmed.c.version)).where(key)).scalar() or 0) + 1
    connection.execute(
        insert(confirmed).values(
            id=new_id(), tenant=claimed.tenant, customer=claimed.customer, field=claimed.field.name,
            value=claimed.value, version=version, suggestion=claimed.suggestion, decision=claimed.decision,
            confirmed_at=claimed.at, confirmed_by=claimed.by, said_at=claimed.said_at, certain=claimed.certain,
            current=True,
        )
    )  # fmt: skip
    return version


def _freshen(connection: Connection, held: Row[Any], claimed: Claimed) -> None:
    """Said again: as new as the newest, as firm as the firmest of its sayings."""
    said = max(held.said_at, claimed.said_at, key=datetime.fromisoformat)
    fresh = {"said_at": said, "certain": held.certain or claimed.certain, "confirmed_at": claimed.at}
    connection.execute(update(confirmed).where(confirmed.c.id == held.id).values(**fresh))


def _weaker(claimed: Claimed, held: Row[Any] | Claimed) -> str | None:
    said, before = datetime.fromisoformat(claimed.said_at), datetime.fromisoformat(held.said_at)
    if said < before:
        return "已有更新的说法"
    if held.certain and not claimed.certain:
        return "已有更确定的说法"
    return None


def take_back(connection: Connection, tenant: str, customer: str, field: Field, value: Json) -> Written | None:
    """After a suggestion with `value` stopped standing: what holds is what the decisions that still stand give.

    None where that is what held before; else the value that went, and the one that holds in its place (its version), if
    any. A single-valued field is decided anew from all its standing decisions, in their order.
    """
    held = current(connection, tenant, customer, field=field.name)
    row = next((r for r in held if r.value == value), None)
    if row is None:
        return None
    rest = standing(connection, tenant, customer, field)
    best: Claimed | None = None
    for claimed in rest:
        if claimed.value == value if field.many else best is None or not _weaker(claimed, best):
            best = claimed
    if best is not None and best.value == value:
        whose = {
            "suggestion": best.suggestion, "decision": best.decision, "said_at": best.said_at, "certain": best.certain,
            "confirmed_at": best.at, "confirmed_by": best.by,
        }  # fmt: skip
        connection.execute(update(confirmed).where(confirmed.c.id == row.id).values(**whose))
        return None
    connection.execute(update(confirmed).where(confirmed.c.id == row.id).values(current=False))
    if best is None:
        return Written(None, row.value)
    return Written(_hold_again(connection, best), row.value, restored=best.value)


def _hold_again(connection: Connection, claimed: Claimed) -> int:
    """The version this decision once gave holds again; it gets one where it was kept out before."""
    mine = (confirmed.c.decision == claimed.decision) & (confirmed.c.customer == claimed.customer)
    before = connection.execute(select(confirmed).where(mine)).first()
    if before is None or before.value != claimed.value:
        return _insert(connection, claimed)
    connection.execute(update(confirmed).where(confirmed.c.id == before.id).values(current=True))
    return int(before.version)


def standing(connection: Connection, tenant: str, customer: str, field: Field) -> list[Claimed]:
    """The decisions on a customer's field that have not been undone, in the order they were taken."""
    query = (
        select(decisions, suggestions.c.data, notes.c.sent_at)
        .join(suggestions, suggestions.c.id == decisions.c.suggestion)
        .join(extractions, extractions.c.id == suggestions.c.extraction)
        .join(notes, notes.c.id == extractions.c.note)
        .where(
            suggestions.c.tenant == tenant, suggestions.c.customer == customer, suggestions.c.field == field.name,
            suggestions.c.state.in_(STANDS), decisions.c.action.in_(("confirm", "correct")),
        )
        .order_by(decisions.c.at, decisions.c.id)
    )  # fmt: skip
    last = {row.suggestion: row for row in connection.execute(query)}
    return [
        Claimed(
            tenant, customer, field, row.value, row.at.isoformat() if row.action == "correct" else row.sent_at,
            row.action == "correct" or row.data["certain"], row.suggestion, row.id, row.by, row.at,
        )
        for row in sorted(last.values(), key=lambda r: (r.at, r.id))
    ]  # fmt: skip


def current(connection: Connection, tenant: str, customer: str, *, field: str | None = None) -> Sequence[Row[Any]]:
    """What holds now for a customer, by field and version."""
    query = select(confirmed).where(
        confirmed.c.tenant == tenant, confirmed.c.customer == customer, confirmed.c.current.is_(True)
    )
    if field:
        query = query.where(confirmed.c.field == field)
    return connection.execute(query.order_by(confirmed.c.field, confirmed.c.version)).all()


_HELD = (
    select(confirmed)
    .where(
        confirmed.c.tenant.in_(bindparam("tenants", expanding=True)),
        confirmed.c.customer.in_(bindparam("customers", expanding=True)),
        confirmed.c.current.is_(True),
    )
    .order_by(confirmed.c.field, confirmed.c.version)
)


def held_by(connection: Connection, customers: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[Row[Any]]]:
    """What holds now for many customers, each with its tenant: by field and version; nothing for one without values."""
    wanted = set(customers)
    found: dict[tuple[str, str], list[Row[Any]]] = defaultdict(list)
    if wanted:
        names = {"tenants": sorted({t for t, _ in wanted}), "customers": sorted({c for _, c in wanted})}
        for row in connection.execute(_HELD, names):
            found[row.tenant, row.customer].append(row)
    return found


def history(connection: Connection, tenant: str, customer: str, field: str) -> Sequence[Row[Any]]:
    """Every version of a field, newest first."""
    query = select(confirmed).where(
        confirmed.c.tenant == tenant, confirmed.c.customer == customer, confirmed.c.field == field
    )
    return connection.execute(query.order_by(confirmed.c.version.desc())).all()
