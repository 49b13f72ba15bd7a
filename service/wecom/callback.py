"""Crypto and XML together: a callback in, a message out; a text in, a sealed reply out."""

from __future__ import annotations

from datetime import datetime

from service.wecom.crypto import Keys, Stamp, decrypt, encrypt, verify
from service.wecom.xml import Message, build_envelope, build_reply, build_update, parse_envelope, parse_message


def receive(keys: Keys, stamp: Stamp, body: bytes, *, now: datetime) -> Message:
    """The message of a POSTed callback. Raises WecomError for all that cannot be trusted or read."""
    encrypted = parse_envelope(body)
    verify(keys, stamp, encrypted, now=now)
    return parse_message(decrypt(keys, encrypted))


def answer(keys: Keys, message: Message, text: str, *, nonce: str, now: datetime) -> bytes:
    """The body of a passive reply to `message`: XML with the sealed text, which replaces the buttons of a tapped card.

    `nonce` may be the callback's own.
    """
    reply = (build_update if message.kind == "event" else build_reply)(message, text, now=now)
    return build_envelope(encrypt(keys, reply, timestamp=str(int(now.timestamp())), nonce=nonce))
