"""Tries to sign in, counted per digest of an account or an address."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from service.store.tables import attempts

FORGOTTEN = timedelta(hours=1)  # without a try, after the last wait


def of(connection: Connection, key: str, moment: datetime) -> Row[Any]:
    """The locked row of a key (`failures`, `until`), made or begun anew where there is nothing recent."""
    query = select(attempts).where(attempts.c.key == key).with_for_update()
    row = connection.execute(query).first()
    if row is None:
        try:
            with connection.begin_nested():
                connection.execute(insert(attempts).values(key=key, failures=0, since=moment, until=moment))
        except IntegrityError:  # another process was quicker
            pass
    elif row.until + FORGOTTEN < moment:
        connection.execute(update(attempts).where(attempts.c.key == key).values(failures=0, since=moment, until=moment))
    else:
        return row
    return connection.execute(query).one()


def count(connection: Connection, key: str, until: datetime) -> None:
    """One more try; no further before `until`."""
    more = {"failures": attempts.c.failures + 1, "until": until}
    connection.execute(update(attempts).where(attempts.c.key == key).values(**more))


def forgive(connection: Connection, *, account: str, address: str) -> None:
    """A right password: the account starts afresh, the address gets its one try back."""
    connection.execute(delete(attempts).where(attempts.c.key == account))
    back = (attempts.c.key == address) & (attempts.c.failures > 0)
    connection.execute(update(attempts).where(back).values(failures=attempts.c.failures - 1))


def sweep(connection: Connection, moment: datetime) -> None:
    """Rows that count no more."""
    connection.execute(delete(attempts).where(attempts.c.until < moment - FORGOTTEN))
