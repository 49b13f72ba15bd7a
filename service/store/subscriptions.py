"""Webhook subscriptions, and the deliveries that are due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, exists, func, insert, select, update
from sqlalchemy.orm import aliased

from service.problems import ServiceError
from service.store import audit
from service.store.database import new_id, now
from service.store.keys import Caller
from service.store.tables import deliveries, outbox, subscriptions
from service.webhooks.sign import new_secret
from service.webhooks.targets import check_target

LEASE = timedelta(minutes=2)  # a delivery taken by a worker that died is due again after this
SPREADING = 7_031_975  # the key of PostgreSQL's advisory lock; any number that nobody else uses
GONE = "policy:410"  # who closed a subscription whose receiver wants no more
OTHER = aliased(deliveries)


def create(
    connection: Connection, caller: Caller, url: str, events: Sequence[str], *, allow_private: bool
) -> dict[str, Any]:
    """A subscription with its secret. Raises ServiceError where the target is not allowed."""
    check_target(url, allow_private=allow_private)
    row, secret = new_id(), new_secret()
    connection.execute(
        insert(subscriptions).values(
            id=row, tenant=caller.tenant, url=url, secret=secret, events=list(events), created_at=now()
        )
    )
    audit.record(connection, caller.tenant, caller.name, "webhook.create", row, {"events": list(events)})
    return {"id": row, "url": url, "events": list(events), "secret": secret}


def all_of(connection: Connection, tenant: str) -> list[dict[str, Any]]:
    """Open subscriptions, without their secrets."""
    query = select(subscriptions).where(subscriptions.c.tenant == tenant, subscriptions.c.closed_at.is_(None))
    rows = connection.execute(query.order_by(subscriptions.c.created_at))
    return [{"id": r.id, "url": r.url, "events": r.events, "created_at": r.created_at.isoformat()} for r in rows]


def close(connection: Connection, caller: Caller, subscription: str) -> None:
    """No further events. Raises ServiceError 404."""
    mine = (subscriptions.c.tenant == caller.tenant) & (subscriptions.c.id == subscription)
    if connection.execute(update(subscriptions).where(mine).values(closed_at=now())).rowcount == 0:
        raise ServiceError(404, "webhook.not_found", "没有这个订阅")
    audit.record(connection, caller.tenant, caller.name, "webhook.close", subscription)


def deliveries_of(connection: Connection, tenant: str, *, state: str | None) -> list[dict[str, Any]]:
    """The latest 200 deliveries, newest first."""
    query = select(deliveries, outbox.c.type, outbox.c.id.label("event")).join(outbox, outbox.c.seq == deliveries.c.seq)
    query = query.where(deliveries.c.tenant == tenant)
    if state:
        query = query.where(deliveries.c.state == state)
    rows = connection.execute(query.order_by(deliveries.c.seq.desc()).limit(200))
    return [
        {
            "id": r.id, "event": r.event, "type": r.type, "subscription": r.subscription, "state": r.state,
            "attempts": r.attempts, "next_at": r.next_at.isoformat(), "last": r.last,
        }
        for r in rows
    ]  # fmt: skip


def replay(connection: Connection, caller: Caller, delivery: str) -> None:
    """Due again, as if it were new. Raises ServiceError 404, and 409 where its subscription is closed."""
    closed = exists().where(subscriptions.c.id == deliveries.c.subscription, subscriptions.c.closed_at.is_not(None))
    mine = (deliveries.c.tenant == caller.tenant) & (deliveries.c.id == delivery)
    if connection.execute(select(deliveries.c.id).where(mine, closed)).first() is not None:
        raise ServiceError(409, "webhook.closed", "这个订阅已经关闭；请先重新订阅，再从 CRM 同步一次已确认的字段")
    changed = connection.execute(
        update(deliveries).where(mine).values(state="due", attempts=0, first_at=None, next_at=now())
    )
    if changed.rowcount == 0:
        raise ServiceError(404, "delivery.not_found", "没有这次推送")
    audit.record(connection, caller.tenant, caller.name, "webhook.replay", delivery)


def anything_due(connection: Connection, *, fresh: bool = True) -> bool:
    """Whether a worker has something to do, the spreading of `fresh` events included; a look that locks nothing."""
    new = select(outbox.c.seq).where(outbox.c.spread_at.is_(None)).limit(1)
    due = select(deliveries.c.id).where(deliveries.c.state == "due", deliveries.c.next_at <= now()).limit(1)
    return any(connection.execute(query).first() is not None for query in ((new, due) if fresh else (due,)))


def spread(connection: Connection) -> int:
    """One delivery for every new event and every open subscription to it. Returns how many events were new.

    An event is not delivered to those who subscribe after it. One worker at a time does this, so that no event becomes
    due before an older one of its customer.
    """
    if (
        connection.dialect.name == "postgresql"
        and not connection.execute(select(func.pg_try_advisory_xact_lock(SPREADING))).scalar()
    ):
        return 0
    columns = (outbox.c.seq, outbox.c.tenant, outbox.c.customer, outbox.c.type, outbox.c.created_at)
    query = select(*columns).where(outbox.c.spread_at.is_(None)).order_by(outbox.c.seq).limit(500)
    events = connection.execute(query).all()
    if not events:
        return 0
    open_ones = connection.execute(select(subscriptions).where(subscriptions.c.closed_at.is_(None))).all()
    rows = [
        {
            "id": new_id(), "tenant": e.tenant, "seq": e.seq, "subscription": s.id, "customer": e.customer,
            "state": "due", "attempts": 0, "next_at": e.created_at,
        }
        for e in events
        for s in open_ones
        if s.tenant == e.tenant and e.type in s.events and s.created_at <= e.created_at
    ]  # fmt: skip
    if rows:
        connection.execute(insert(deliveries), rows)
    connection.execute(update(outbox).where(outbox.c.seq.in_([e.seq for e in events])).values(spread_at=now()))
    return len(events)


def take(connection: Connection) -> Row[Any] | None:
    """The next due delivery, leased to the caller; of one customer at one subscription the oldest goes first.

    On PostgreSQL several workers share the work (`FOR UPDATE SKIP LOCKED`); SQLite has one writer at a time.
    """
    earlier = and_(
        OTHER.c.subscription == deliveries.c.subscription,
        OTHER.c.customer == deliveries.c.customer,
        OTHER.c.seq < deliveries.c.seq,
        OTHER.c.state == "due",
    )
    due = (deliveries.c.state == "due") & (deliveries.c.next_at <= now())
    query = select(deliveries).where(due, ~exists().where(earlier)).order_by(deliveries.c.next_at, deliveries.c.seq)
    row = connection.execute(query.limit(1).with_for_update(skip_locked=True, of=deliveries)).first()
    if row is None:
        return None
    leased = {"next_at": now() + LEASE, "attempts": row.attempts + 1, "first_at": row.first_at or now()}
    connection.execute(update(deliveries).where(deliveries.c.id == row.id).values(**leased))
    query = (
        select(
            deliveries.c.id, deliveries.c.tenant, deliveries.c.subscription, deliveries.c.attempts,
            deliveries.c.first_at, outbox.c.id.label("event"), outbox.c.body,
            subscriptions.c.url, subscriptions.c.secret, subscriptions.c.closed_at,
        )
        .join(outbox, outbox.c.seq == deliveries.c.seq)
        .join(subscriptions, subscriptions.c.id == deliveries.c.subscription)
        .where(deliveries.c.id == row.id)
    )  # fmt: skip
    return connection.execute(query).one()


def settle(
    connection: Connection, due: Row[Any], *, done: bool, next_at: datetime | None = None, last: str, gone: bool = False
) -> None:
    """What came of an attempt: done, due again at `next_at`, or (no time) a dead letter.

    `gone`: the receiver answered 410, which closes its subscription (Standard Webhooks); what still waits for it is
    not sent.
    """
    state = "done" if done else "due" if next_at else "dead"
    values = {"state": state, "last": last[:400], "next_at": next_at or now()}
    connection.execute(update(deliveries).where(deliveries.c.id == due.id).values(**values))
    if gone:
        mine = (subscriptions.c.id == due.subscription) & subscriptions.c.closed_at.is_(None)
        if connection.execute(update(subscriptions).where(mine).values(closed_at=now())).rowcount:
            audit.record(connection, due.tenant, GONE, "webhook.close", due.subscription)
