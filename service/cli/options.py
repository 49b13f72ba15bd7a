"""What the groups of commands share: options that mean the same everywhere, the configured database, who acts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from service.engines import Engines
    from service.store.database import Database
    from service.store.keys import Caller

Tenant = Annotated[str, typer.Option(help="租户")]
Url = Annotated[str | None, typer.Option("--database-url", help="数据库地址，默认 FIELDNOTE_DATABASE_URL")]
AsJson = Annotated[bool, typer.Option("--json", help="打印 JSON")]


@contextmanager
def opened(url: str | None) -> Iterator[Database]:
    """The database that is configured, or that `url` names; closed afterwards."""
    from service.settings import load_settings
    from service.store.database import open_database

    database = open_database(load_settings(database_url=url).database_url)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def with_engines(url: str | None) -> Iterator[tuple[Engines, Database]]:
    """The same, beside the engines as they serve now."""
    from service.engine import open_engine
    from service.engines import Engines
    from service.settings import load_settings
    from service.store.packs import load_pack

    settings = load_settings(database_url=url)
    engine = open_engine(str(settings.contract or "") or None, model=str(settings.model or "") or None)
    with opened(url) as database:
        engines = Engines(engine, database, settings.registry, load_pack)
        engines.refresh()
        yield engines, database


def operator(tenant: str, scope: str = "manage") -> Caller:
    """Whoever works at this machine, as the history names them."""
    from service.store.keys import Caller

    return Caller(tenant, "cli", frozenset({scope}))
