"""What time brings about: suggestions expire, texts past their retention go, morning digests fall due.

Each step is one short transaction that may be repeated, by any number of processes.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from extractor.contract import Contract
from service.digest import due_day
from service.preferences import Preferences, preferences_of
from service.problems import ServiceError
from service.store import attempts, cards, digests, once, privacy, suggestions, tenants
from service.store.database import Database
from service.wecom.api import WECOM, Sender, SendError
from service.wecom.cards import label

log = logging.getLogger("fieldnote.tidy")
Senders = Mapping[tuple[str, str], Sender]  # by tenant and channel


def tidy(database: Database, contract: Contract, senders: Senders, moment: datetime) -> None:
    """Everything that is due at `moment`."""
    with database.write() as connection:
        suggestions.expire(connection)
        attempts.sweep(connection, moment)
        once.sweep(connection)
        cards.sweep(connection)
    with database.read() as connection:
        wishes = {t: preferences_of(held) for t, held in tenants.all_settings(connection).items()}
    for tenant, wanted in wishes.items():
        _of_tenant(database, contract, tenant, wanted, (senders, moment))


def _of_tenant(
    database: Database, contract: Contract, tenant: str, wanted: Preferences, when: tuple[Senders, datetime]
) -> None:
    senders, moment = when
    if wanted.retention_days:
        gone = 1
        while gone:
            with database.write() as connection:
                gone = privacy.purge(connection, tenant, older_than=timedelta(days=wanted.retention_days))
    day = due_day(moment, wanted.digest.hour) if wanted.digest.on else None
    if day is not None:
        pushed = [channel for owner, channel in senders if owner == tenant]
        with database.write() as connection:
            digests.make(connection, tenant, contract, day, pushed=pushed)


def send_digest(database: Database, senders: Senders) -> bool:
    """Send one digest that is due; whether there was one. One that cannot be sent is tried again a few times."""
    with database.write() as connection:
        row = digests.take(connection)
    if row is None:
        return False
    sender = senders.get((row.tenant, row.channel))
    sent = False
    if sender is not None:
        try:
            sender.send(row.rep, row.text)
            sent = True
        except ServiceError as error:
            log.warning("digest not sent: %s", error.code)
    with database.write() as connection:
        digests.settle(connection, row, sent=sent)
    return True


def close_card(database: Database, senders: Senders) -> bool:
    """Take the buttons off one card that asks what is answered; whether there was one. Tried a few times."""
    with database.write() as connection:
        row = cards.take(connection)
        text = label(cards.states(connection, row)) if row is not None else ""
    if row is None:
        return False
    sender, again = senders.get((row.tenant, WECOM)), False
    if sender is not None:
        try:
            sender.close_card(row.person, row.code, text)
        except SendError as error:
            again = error.later
            log.warning("card not closed: %s", error.code)
    with database.write() as connection:
        cards.settle(connection, row, again=again)
    return True
