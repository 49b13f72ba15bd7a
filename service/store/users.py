"""People who sign in to the pages. Only the hash of a password is kept."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from service.problems import ServiceError
from service.store import audit
from service.store.database import new_id, now
from service.store.keys import ensure_tenant
from service.store.tables import api_keys, users

DISABLED = "!"  # no hash looks like this, so no password fits


@dataclass(frozen=True, slots=True)
class User:
    """Somebody of a tenant; `password` is the hash."""

    id: str
    tenant: str
    name: str
    role: str
    password: str
    team: str | None = None


def add(connection: Connection, tenant: str, name: str, role: str, password: str, *, by: str) -> User:
    """A new user; the tenant comes into being with its first. Raises ServiceError 409 for a name that is taken."""
    ensure_tenant(connection, tenant)
    if find(connection, tenant, name) is not None:
        raise ServiceError(409, "user.exists", f"租户 {tenant} 已有用户 {name}")
    user = User(new_id(), tenant, name, role, password)
    row = {"id": user.id, "tenant": tenant, "name": name, "role": role, "password": password}
    connection.execute(insert(users).values(**row, created_at=now()))
    audit.record(connection, tenant, by, "user.create", user.id, {"role": role})
    return user


def find(connection: Connection, tenant: str, name: str) -> User | None:
    """The user of that name."""
    return _one(connection, (users.c.tenant == tenant) & (users.c.name == name))


def get(connection: Connection, user: str) -> User | None:
    """The user of that id."""
    return _one(connection, users.c.id == user)


def all_of(connection: Connection, tenant: str) -> list[User]:
    """A tenant's users by name."""
    rows = connection.execute(select(users).where(users.c.tenant == tenant).order_by(users.c.name))
    return [User(r.id, r.tenant, r.name, r.role, r.password, r.team) for r in rows]


def teams(connection: Connection, tenant: str) -> dict[str, str]:
    """The team of every author that has one: of users by name, of keys by `key:<name>`."""
    people = connection.execute(select(users.c.name, users.c.team).where(users.c.tenant == tenant))
    keys = connection.execute(select(api_keys.c.name, api_keys.c.team).where(api_keys.c.tenant == tenant))
    found = {**{f"key:{row.name}": row.team for row in keys}, **{row.name: row.team for row in people}}
    return {name: team for name, team in found.items() if team}


def change(connection: Connection, user: User, *, role: str, team: str | None, by: str) -> None:
    """Another role or team; audited."""
    connection.execute(update(users).where(users.c.id == user.id).values(role=role, team=team or None))
    audit.record(connection, user.tenant, by, "user.change", user.id, {"role": role})


def set_password(connection: Connection, user: User, password: str, *, by: str) -> None:
    """Another hash (`DISABLED` for none); sessions that were opened under the old one end."""
    connection.execute(update(users).where(users.c.id == user.id).values(password=password))
    action = "user.disable" if password == DISABLED else "user.password"
    audit.record(connection, user.tenant, by, action, user.id)


def _one(connection: Connection, where: object) -> User | None:
    row = connection.execute(select(users).where(where)).first()  # type: ignore[arg-type]
    return User(row.id, row.tenant, row.name, row.role, row.password, row.team) if row else None
