"""Signing in: passwords (argon2id), session tokens, and what each role may do.

A session token is `<user id>.<expiry>.<mac>`. The mac also covers the password's hash, so that a new password ends
every session opened under the old one; nothing about sessions needs to be stored.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Connection

from service.problems import ServiceError
from service.store import users
from service.store.database import now
from service.store.keys import Caller
from service.store.users import User

ROLES = {
    "rep": frozenset({"extract", "confirm"}),
    "manager": frozenset({"extract", "confirm", "manage"}),
    "annotator": frozenset({"annotate"}),
    "admin": frozenset({"admin"}),
}
SHORTEST, LONGEST = 10, 200  # characters of a password
SESSION = timedelta(hours=12)
_hasher = PasswordHasher()
_NOBODY = _hasher.hash(secrets.token_hex())  # so that an unknown name costs as much time as a wrong password


def create_user(connection: Connection, tenant: str, name: str, role: str, password: str, *, by: str = "cli") -> User:
    """A new user. Raises ServiceError for an unknown role, a weak password, a name that is taken."""
    if role not in ROLES:
        raise ServiceError(422, "user.role", f"没有角色 {role}；可用：{'、'.join(ROLES)}")
    return users.add(connection, tenant, name, role, hashed(password), by=by)


def hashed(password: str) -> str:
    """The argon2id hash of a new password. Raises ServiceError where it is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise ServiceError(422, "user.password", f"密码要 {SHORTEST} 到 {LONGEST} 个字符")
    return _hasher.hash(password)


def sign_in(connection: Connection, tenant: str, name: str, password: str) -> User | None:
    """The user, or None: which of name and password was wrong is not told, nor shown by the time it takes."""
    user = users.find(connection, tenant, name)
    fits = _fits(user.password if user else _NOBODY, password[:LONGEST])
    return user if fits else None


def open_session(user: User, key: bytes, *, at: datetime | None = None) -> str:
    """A token for a cookie, good for `SESSION` from `at` (now)."""
    expires = int(((at or now()) + SESSION).timestamp())
    return f"{user.id}.{expires}.{_mac(user, expires, key)}"


def session_user(connection: Connection, token: str, key: bytes, *, at: datetime | None = None) -> User | None:
    """Whose session a token is; None for one forged, expired, or older than the password."""
    name, _, rest = token.partition(".")
    expires, _, mac = rest.partition(".")
    if not (expires.isascii() and expires.isdecimal() and len(expires) <= 12):
        return None
    user = users.get(connection, name)
    if user is None or user.password == users.DISABLED:
        return None
    genuine = hmac.compare_digest(mac.encode("utf-8", "replace"), _mac(user, int(expires), key).encode())
    return user if genuine and int(expires) > (at or now()).timestamp() else None


def caller_for(user: User) -> Caller:
    """A signed-in person as the rest of the service sees a caller."""
    return Caller(user.tenant, user.name, ROLES[user.role])


def _fits(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def _mac(user: User, expires: int, key: bytes) -> str:
    text = "\0".join(("session", user.id, str(expires), user.password))
    return hmac.digest(key, text.encode(), hashlib.sha256).hex()
