"""`/v1/keys` and `/v1/users`, for administrators."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from service import accounts
from service.problems import ServiceError
from service.routes.access import Admin
from service.schemas import storable
from service.store import keys, users
from service.store.database import now
from service.store.users import DISABLED, User

router = APIRouter(prefix="/v1")
Name = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True), AfterValidator(storable)]
Team = Annotated[str, StringConstraints(max_length=64, strip_whitespace=True), AfterValidator(storable)]
Id = Annotated[str, Path(max_length=64)]
Role = Literal["rep", "manager", "annotator", "admin"]
Scope = Literal["extract", "confirm", "annotate", "manage", "admin"]


class KeyIn(BaseModel):
    """A new key: what it may do, whose it is, for how many days."""

    model_config = ConfigDict(extra="forbid")
    name: Name
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=5)]
    days: Annotated[int, Field(ge=1, le=3650)] | None = None
    team: Team | None = None


class RotationIn(BaseModel):
    """For how long the old key still works beside the new one."""

    model_config = ConfigDict(extra="forbid")
    hours: Annotated[int, Field(ge=0, le=24 * 90)] = 24


class UserIn(BaseModel):
    """A new user; the password is made and shown once."""

    model_config = ConfigDict(extra="forbid")
    name: Name
    role: Role
    team: Team | None = None


class UserChange(BaseModel):
    """What changes: role, team, a new password (`reset`), or no way in any more (`disable`)."""

    model_config = ConfigDict(extra="forbid")
    role: Role | None = None
    team: Team | None = None
    password: Literal["reset", "disable"] | None = None


@router.get("/keys")
def list_keys(request: Request, caller: Admin) -> dict[str, Any]:
    """The tenant's keys, without the keys themselves."""
    with request.app.state.database.read() as connection:
        rows = keys.keys_of(connection, caller.tenant)
    shown = ("id", "name", "scopes", "team")
    times = ("created_at", "expires_at", "revoked_at")
    return {
        "keys": [
            {**{k: r._mapping[k] for k in shown}, **{k: v.isoformat() if (v := r._mapping[k]) else None for k in times}}
            for r in rows
        ]
    }


@router.post("/keys", status_code=201)
def create_key(request: Request, body: KeyIn, caller: Admin) -> dict[str, Any]:
    """A key, shown this one time."""
    expires = now() + timedelta(days=body.days) if body.days else None
    with request.app.state.database.write() as connection:
        given: dict[str, Any] = {"name": body.name, "expires_at": expires, "team": body.team, "by": caller.name}
        return {"key": keys.create_key(connection, caller.tenant, body.scopes, **given)}


@router.post("/keys/{key}/rotate", status_code=201)
def rotate_key(request: Request, key: Id, body: RotationIn, caller: Admin) -> dict[str, Any]:
    """A new key like this one, shown this one time; this one works for `hours` longer."""
    with request.app.state.database.write() as connection:
        return {"key": keys.rotate(connection, caller, key, grace=timedelta(hours=body.hours))}


@router.delete("/keys/{key}")
def revoke_key(request: Request, key: Id, caller: Admin) -> dict[str, Any]:
    """The key stops working."""
    with request.app.state.database.write() as connection:
        keys.revoke(connection, caller, key)
    return {"id": key, "revoked": True}


@router.get("/users")
def list_users(request: Request, caller: Admin) -> dict[str, Any]:
    """The tenant's users by name."""
    with request.app.state.database.read() as connection:
        return {"users": [_shown(u) for u in users.all_of(connection, caller.tenant)]}


@router.post("/users", status_code=201)
def create_user(request: Request, body: UserIn, caller: Admin) -> dict[str, Any]:
    """A user with a password that is shown this one time."""
    password = new_password()
    with request.app.state.database.write() as connection:
        user = accounts.create_user(connection, caller.tenant, body.name, body.role, password, by=caller.name)
        if body.team:
            users.change(connection, user, role=user.role, team=body.team, by=caller.name)
        return {**_shown(_mine(connection, caller.tenant, user.id)), "password": password}


@router.patch("/users/{user}")
def change_user(request: Request, user: Id, body: UserChange, caller: Admin) -> dict[str, Any]:
    """Another role or team; a new password, shown this one time; or no way in. Nobody locks themselves out."""
    with request.app.state.database.write() as connection:
        found = _mine(connection, caller.tenant, user)
        if found.name == caller.name and (body.password == "disable" or body.role not in (None, found.role)):
            raise ServiceError(409, "user.self", "不能停用自己，也不能改自己的角色；请另一位管理员来做")
        if body.role is not None or body.team is not None:
            team = found.team if body.team is None else body.team
            users.change(connection, found, role=body.role or found.role, team=team, by=caller.name)
        made = {}
        if body.password == "disable":
            users.set_password(connection, found, DISABLED, by=caller.name)
        elif body.password == "reset":
            made = {"password": new_password()}
            users.set_password(connection, found, accounts.hashed(made["password"]), by=caller.name)
        return {**_shown(_mine(connection, caller.tenant, user)), **made}


def new_password() -> str:
    """Twenty letters and digits of chance."""
    return secrets.token_urlsafe(15)


def _mine(connection: Any, tenant: str, user: str) -> User:
    found = users.get(connection, user)
    if found is None or found.tenant != tenant:
        raise ServiceError(404, "user.not_found", "没有这个用户")
    return found


def _shown(user: User) -> dict[str, Any]:
    active = user.password != DISABLED
    return {"id": user.id, "name": user.name, "role": user.role, "team": user.team, "active": active}
