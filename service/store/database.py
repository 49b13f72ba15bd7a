"""Open a database by URL, bring it to the newest version, and hand out transactions."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from service.problems import ServiceError
from service.randomness import digits

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY = 10_000  # milliseconds SQLite waits for another writer


@dataclass(frozen=True, slots=True)
class Database:
    """A migrated database. Each `write` is one transaction that is durable when it ends."""

    engine: Engine
    turn: AbstractContextManager[Any]  # SQLite's writers queue here: its own way to wait is to poll

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction; commits at the end, rolls back on any error."""
        with self.turn, self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that changes nothing."""
        with self.engine.connect().execution_options(reads=True) as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()


def open_database(url: str) -> Database:
    """Connect and migrate. Raises ServiceError with what to do where the URL is wrong or the server not there."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ServiceError(500, "database.url", f"数据库地址读不懂：{url}；例如 sqlite:///fieldnote.db") from None
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    sqlite = parsed.get_backend_name() == "sqlite"
    options: dict[str, Any] = {"connect_args": {"timeout": BUSY / 1000}} if sqlite else {"pool_pre_ping": True}
    options["hide_parameters"] = True  # an error's message goes to the log
    engine = create_engine(parsed, **options)
    if sqlite:
        _sqlite(engine)
    try:
        with engine.begin() as connection:
            _migrate(connection)
    except OperationalError as error:
        raise ServiceError(500, "database.down", f"连不上数据库 {parsed!r}：{str(error.orig)[:200]}") from None
    return Database(engine, threading.Lock() if sqlite else nullcontext())


def _sqlite(engine: Engine) -> None:
    """Write-ahead log, full durability, real foreign keys, and the write lock taken at the start of a transaction."""

    @event.listens_for(engine, "connect")
    def settings(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy alone says BEGIN
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY}"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get("reads")
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def new_id() -> str:
    """An id of 32 hex digits: the time in nanoseconds, then chance. Later ones sort behind earlier ones."""
    return f"{time.time_ns():016x}{digits()}"


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)
