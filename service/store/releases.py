"""Releases: what serves whom. Live for all of a tenant's notes, canary for a share of them, shadow beside them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from service.problems import ServiceError
from service.store import audit
from service.store.database import new_id, now
from service.store.release_tables import bundles, releases
from service.store.tables import tenants

Kind = Literal["model", "rules", "calibration"]
Mode = Literal["live", "canary", "shadow"]


@dataclass(frozen=True, slots=True)
class Release:
    """`ref` serves `tenant` (None: everyone without a release of their own) in `mode`; `share` counts for a canary."""

    id: str
    tenant: str | None
    kind: str
    ref: str
    mode: str
    share: float
    by: str
    created_at: datetime
    ended_at: datetime | None = None
    replaced: str | None = None


def open_releases(connection: Connection) -> tuple[Release, ...]:
    """Everything that serves now, oldest first."""
    query = select(releases).where(releases.c.ended_at.is_(None)).order_by(releases.c.created_at, releases.c.id)
    return tuple(map(_release, connection.execute(query)))


def releases_of(connection: Connection, tenant: str | None, kind: str | None = None) -> list[Release]:
    """A tenant's releases and those for everyone, newest first, ended ones too."""
    query = select(releases).where((releases.c.tenant == tenant) | releases.c.tenant.is_(None))
    if kind:
        query = query.where(releases.c.kind == kind)
    return [
        _release(row) for row in connection.execute(query.order_by(releases.c.created_at.desc(), releases.c.id.desc()))
    ]


def live_ref(connection: Connection, tenant: str | None, kind: str) -> str | None:
    """What is live for a tenant: its own, else everyone's, else None."""
    own = _open(connection, tenant, kind, "live") or _open(connection, None, kind, "live")
    return own.ref if own else None


def begin(
    connection: Connection, tenant: str | None, kind: Kind, ref: str, mode: Mode, *, by: str, share: float = 1.0
) -> Release:
    """Let `ref` serve in a mode; it takes the place of what served so, and a live one ends its own trials.

    A canary whose `ref` is in trial already only changes its share: those notes stay where they were. Raises
    ServiceError for an unknown kind or mode, or a share outside (0, 1].
    """
    _check(kind, mode, share)
    _lock(connection, tenant)
    same = _open(connection, tenant, kind, mode)
    if same is not None and same.ref == ref:
        connection.execute(update(releases).where(releases.c.id == same.id).values(share=share))
        _tell(connection, tenant, by, f"release.{mode}", ref, kind, share)
        return Release(**{**_fields(same), "share": share})
    moment = now()
    modes = [mode, "canary", "shadow"] if mode == "live" else [mode]
    ends = _scope(tenant, kind) & releases.c.ended_at.is_(None) & releases.c.mode.in_(modes)
    if mode == "live":
        ends &= (releases.c.mode == "live") | (releases.c.ref == ref)
    connection.execute(update(releases).where(ends).values(ended_at=moment))
    replaced = same.id if same is not None and mode == "live" else None
    made = Release(new_id(), tenant, kind, ref, mode, share, by, moment, None, replaced)
    connection.execute(insert(releases).values(**_fields(made)))
    _tell(connection, tenant, by, f"release.{mode}", ref, kind, share)
    return made


def end(connection: Connection, tenant: str | None, kind: Kind, mode: Mode, *, by: str) -> Release:
    """A canary or shadow ends; a live release without a successor too. Raises ServiceError 404 where none serves."""
    _lock(connection, tenant)
    row = _serving(connection, tenant, kind, mode)
    connection.execute(update(releases).where(releases.c.id == row.id).values(ended_at=now()))
    _tell(connection, tenant, by, "release.end", row.ref, kind, row.share)
    return row


def rollback(connection: Connection, tenant: str | None, kind: Kind, *, by: str) -> Release | None:
    """Back to what was live before, None for what the settings say. Trials of it end. Raises ServiceError 404."""
    _lock(connection, tenant)
    row = _serving(connection, tenant, kind, "live")
    mine = _scope(tenant, kind) & releases.c.ended_at.is_(None)
    connection.execute(update(releases).where(mine).values(ended_at=now()))
    _tell(connection, tenant, by, "release.rollback", row.ref, kind, 1.0)
    if row.replaced is None:
        return None
    connection.execute(update(releases).where(releases.c.id == row.replaced).values(ended_at=None))
    return _open(connection, tenant, kind, "live")


def remember_bundle(
    connection: Connection, bundle: str, *, model: str, rules: str, calibration: str, contract: str
) -> None:
    """What a bundle's digest stands for, the first time it serves."""
    if connection.execute(select(bundles.c.bundle).where(bundles.c.bundle == bundle)).first() is not None:
        return
    values = {"bundle": bundle, "model": model, "rules": rules, "calibration": calibration, "contract": contract}
    try:
        with connection.begin_nested():
            connection.execute(insert(bundles).values(**values, first_at=now()))
    except IntegrityError:  # another process was quicker
        return


def _check(kind: str, mode: str, share: float) -> None:
    if kind not in get_args(Kind) or mode not in get_args(Mode):
        raise ServiceError(422, "release.kind", "只能发布 model、rules、calibration；方式是 live、canary、shadow")
    if not 0 < share <= 1:
        raise ServiceError(422, "release.share", "灰度比例要大于 0、不超过 1，例如 0.1")


def _serving(connection: Connection, tenant: str | None, kind: str, mode: str) -> Release:
    row = _open(connection, tenant, kind, mode)
    if row is None:
        raise ServiceError(404, "release.none", "现在没有这样的发布，没有可停、可退的")
    return row


def _open(connection: Connection, tenant: str | None, kind: str, mode: str) -> Release | None:
    query = select(releases).where(_scope(tenant, kind), releases.c.mode == mode, releases.c.ended_at.is_(None))
    row = connection.execute(query).first()
    return _release(row) if row else None


def _scope(tenant: str | None, kind: str) -> ColumnElement[bool]:
    mine = releases.c.tenant.is_(None) if tenant is None else releases.c.tenant == tenant
    return mine & (releases.c.kind == kind)


def _lock(connection: Connection, tenant: str | None) -> None:
    """Two changes of one tenant's releases wait for each other (SQLite's writers do anyway). ServiceError 404."""
    query = select(tenants.c.id).order_by(tenants.c.id).with_for_update(key_share=True)
    found = connection.execute(query.where(tenants.c.id == tenant) if tenant else query).all()
    if tenant and not found:
        raise ServiceError(404, "tenant.not_found", f"没有租户 {tenant}；先给它建一把钥匙")


def _tell(connection: Connection, tenant: str | None, by: str, action: str, ref: str, kind: str, share: float) -> None:
    """Into the audit of the tenant, or of every tenant whom it concerns."""
    named = [tenant] if tenant else connection.execute(select(tenants.c.id).order_by(tenants.c.id)).scalars().all()
    for name in named:
        audit.record(connection, name, by, action, ref, {"kind": kind, "share": share, "all": tenant is None})


def _release(row: Row[Any]) -> Release:
    return Release(**row._mapping)


def _fields(release: Release) -> dict[str, Any]:
    return {name: getattr(release, name) for name in Release.__slots__}
