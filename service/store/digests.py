"""Morning digests: gathered, written down once per rep and day, leased to whoever sends them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from extractor.contract import Contract
from extractor.kinds import KINDS
from service import digest
from service.digest import Line, Morning
from service.store import outbox, reconfirm
from service.store.database import new_id, now
from service.store.tables import confirmed, digests, notes, suggestions

ACTIVE = timedelta(days=14)  # a customer is a rep's while notes of the rep are no older
LEASE = timedelta(minutes=5)
TRIES = 5


def make(connection: Connection, tenant: str, contract: Contract, day: date, *, pushed: Iterable[str]) -> int:
    """Write the digests of a day that are not there yet, with an event `digest.ready` for each; how many.

    Those of reps whose last note came by a channel in `pushed` are also due to be sent there.
    """
    done = set(connection.scalars(select(digests.c.rep).where(digests.c.tenant == tenant, digests.c.day == str(day))))
    made = 0
    for rep, channel in _reps(connection, tenant, day):
        if rep in done:
            continue
        text = digest.build(gather(connection, tenant, rep, day, contract))
        send = bool(text) and channel in set(pushed)
        row = {
            "id": new_id(), "tenant": tenant, "rep": rep, "day": str(day), "channel": channel, "attempts": 0,
            "text": text if send else "", "made_at": now(), "next_at": now() if send else None,
        }  # fmt: skip
        try:
            with connection.begin_nested():
                connection.execute(insert(digests).values(**row))
        except IntegrityError:  # another worker was quicker
            continue
        if text:
            data: dict[str, Any] = {"rep": rep, "day": str(day), "channel": channel, "text": text}
            outbox.add(connection, tenant, None, [("digest.ready", data)])
            made += 1
    return made


def _reps(connection: Connection, tenant: str, day: date) -> list[tuple[str, str]]:
    """Who wrote notes lately, with the channel of their last one."""
    since = digest.bounds(day)[0] - ACTIVE
    query = select(notes.c.author, notes.c.channel).where(
        notes.c.tenant == tenant, notes.c.created_at >= since, notes.c.author.is_not(None)
    )
    last = {r.author: r.channel or "api" for r in connection.execute(query.order_by(notes.c.created_at))}
    return sorted((rep, channel) for rep, channel in last.items() if not rep.startswith("key:"))


def gather(connection: Connection, tenant: str, rep: str, day: date, contract: Contract) -> Morning:
    """What a rep's digest of `day` tells of."""
    start, end = digest.bounds(day - timedelta(days=1))
    names = _customers(connection, tenant, rep, start - ACTIVE)
    held = _held(connection, tenant, names)
    late = [r for r in connection.execute(reconfirm.open_ones(tenant)) if r.due_at <= now() and r.author == rep]
    pending = select(func.count()).where(
        suggestions.c.tenant == tenant, suggestions.c.author == rep, suggestions.c.state == "pending",
        suggestions.c.expires_at > now(),
    )  # fmt: skip
    fresh = [r for r in held if start <= r.confirmed_at < end]
    filled = {(r.customer, r.field) for r in held}
    missing = {c: [f.title for f in contract.fields.values() if (c, f.name) not in filled] for c in names}
    return Morning(
        rep, day, _lines((r.customer, _shown(r, contract)) for r in fresh),
        [Line(c, titles) for c, titles in missing.items() if titles],
        _lines((r.customer, _title(r.field, contract)) for r in (*late, *_stale(held, contract))),
        int(connection.execute(pending).scalar() or 0),
    )  # fmt: skip


def _customers(connection: Connection, tenant: str, rep: str, since: datetime) -> list[str]:
    query = select(notes.c.customer).where(
        notes.c.tenant == tenant, notes.c.author == rep, notes.c.created_at >= since, notes.c.customer.is_not(None)
    )
    return sorted(set(connection.scalars(query)))


def _held(connection: Connection, tenant: str, names: Sequence[str]) -> Sequence[Row[Any]]:
    mine = (confirmed.c.tenant == tenant) & confirmed.c.customer.in_(names) & confirmed.c.current.is_(True)
    return connection.execute(select(confirmed).where(mine).order_by(confirmed.c.confirmed_at)).all()


def _stale(held: Sequence[Row[Any]], contract: Contract) -> list[Row[Any]]:
    """Values whose contract asks for a fresh confirmation."""
    days = {name: f.correction.refresh_days for name, f in contract.fields.items()}
    moment = now()
    return [r for r in held if (limit := days.get(r.field)) is not None and (moment - r.confirmed_at).days >= limit]


def _lines(pairs: Iterable[tuple[str, str]]) -> list[Line]:
    things: dict[str, list[str]] = defaultdict(list)
    for customer, thing in pairs:
        if thing not in things[customer]:
            things[customer].append(thing)
    return [Line(customer, said) for customer, said in things.items()]


def _title(field: str, contract: Contract) -> str:
    return contract.fields[field].title if field in contract.fields else field


def _shown(row: Row[Any], contract: Contract) -> str:
    field = contract.fields.get(row.field)
    return f"{field.title} {KINDS[field.kind].display(row.value)}" if field else row.field


def take(connection: Connection) -> Row[Any] | None:
    """The next digest that is due to be sent, leased to the caller."""
    due = digests.c.sent_at.is_(None) & (digests.c.next_at <= now())
    query = select(digests).where(due).order_by(digests.c.next_at).limit(1).with_for_update(skip_locked=True)
    row = connection.execute(query).first()
    if row is not None:
        leased = {"next_at": now() + LEASE, "attempts": row.attempts + 1}
        connection.execute(update(digests).where(digests.c.id == row.id).values(**leased))
    return row


def settle(connection: Connection, row: Row[Any], *, sent: bool) -> None:
    """Sent, or due again after the lease; given up after `TRIES`. The text is not kept."""
    over = sent or row.attempts + 1 >= TRIES
    done = {"sent_at": now() if sent else None, **({"next_at": None, "text": ""} if over else {})}
    connection.execute(update(digests).where(digests.c.id == row.id).values(**done))
