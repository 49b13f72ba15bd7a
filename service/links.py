"""Signed links: one person, one extraction, three days. What a chat sends so that a card opens with one tap.

A token is base64url, about 90 characters, of

    expiry (4 bytes, big-endian, seconds since 1970) · extraction (16 bytes)
    mac (16 bytes of HMAC-SHA256 over all the rest) · length of the tenant (1 byte) · tenant · person (both UTF-8)

Nothing of it is stored. Whoever has the link is the person, for this one card.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass, field
from datetime import datetime, timedelta

GOOD_FOR = timedelta(days=3)
LONGEST = 700  # characters of a token worth reading
_HEAD = struct.Struct(">I16s16sB")


@dataclass(frozen=True, slots=True)
class Link:
    """What a genuine link opens, and for whom; `person` is the name that decisions will carry."""

    tenant: str
    person: str
    extraction: str


@dataclass(frozen=True, slots=True)
class Links:
    """Makes the addresses that chats send: below `base` (the service's public address), signed by `key`."""

    base: str
    key: bytes = field(repr=False)

    def card(self, tenant: str, person: str, extraction: str, *, at: datetime) -> str:
        """The address of one extraction's confirm page for one person."""
        return f"{self.base.rstrip('/')}/c/{make_link(Link(tenant, person, extraction), self.key, at=at)}"


def make_link(link: Link, key: bytes, *, at: datetime, good_for: timedelta = GOOD_FOR) -> str:
    """The token of a link, good from `at` for `good_for`. Raises ValueError where the extraction is no id of ours."""
    expires = int((at + good_for).timestamp())
    tenant, who = link.tenant.encode(), _people(link)
    extraction = bytes.fromhex(link.extraction)
    mac = _mac(key, struct.pack(">I", expires) + extraction + bytes([len(tenant)]) + who)
    return _text(_HEAD.pack(expires, extraction, mac, len(tenant)) + who)


def read_link(token: str, key: bytes, *, at: datetime) -> Link | None:
    """What a token opens at `at`; None for one forged, cut, altered or expired."""
    raw = _bytes(token)
    if raw is None or len(raw) <= _HEAD.size:
        return None
    expires, extraction, mac, size = _HEAD.unpack_from(raw)
    who = raw[_HEAD.size :]
    if not hmac.compare_digest(mac, _mac(key, struct.pack(">I", expires) + extraction + bytes([size]) + who)):
        return None
    if expires <= at.timestamp():
        return None
    return Link(who[:size].decode(), who[size:].decode(), extraction.hex())


def _people(link: Link) -> bytes:
    return link.tenant.encode() + link.person.encode()


def _mac(key: bytes, signed: bytes) -> bytes:
    return hmac.digest(key, b"fieldnote link\0" + signed, hashlib.sha256)[:16]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(token: str) -> bytes | None:
    """The bytes of a token; only the one spelling that `_text` gives counts."""
    if len(token) > LONGEST or not token.isascii():
        return None
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (ValueError, binascii.Error):
        return None
    return raw if _text(raw) == token else None
