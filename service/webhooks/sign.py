"""Bodies, secrets and signatures of events: the Standard Webhooks specification, by its own library."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook

from extractor.types import Json

_SECRET_BYTES = 32  # the specification asks for 24 to 64


def new_secret() -> str:
    """A fresh signing secret, `whsec_` and 32 random bytes in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def event_body(kind: str, at: datetime, data: dict[str, Json]) -> bytes:
    """`{"type", "timestamp", "data"}` as compact UTF-8 JSON; `at` (aware) is when it happened, written in UTC.

    The bytes are what is signed: store them, and send the same ones at every attempt.
    """
    event = {"type": kind, "timestamp": _utc(at).isoformat().replace("+00:00", "Z"), "data": data}
    try:
        return _json(event, escape=False).encode()
    except UnicodeEncodeError:  # a lone surrogate: only JSON's own escape can hold it
        return _json(event, escape=True).encode()


def signed_headers(body: bytes, *, message_id: str, at: datetime, secrets: Sequence[str]) -> dict[str, str]:
    """The headers of one attempt at `at` (aware). `message_id` stays the same over all attempts of an event.

    With several secrets (rotation) each signs, and the receiver may hold any one of them.
    """
    at = _utc(at)  # the library takes the clock's face for UTC, whatever the zone
    text = body.decode()
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(message_id, at, text) for secret in secrets),
    }


def _json(value: object, *, escape: bool) -> str:
    return json.dumps(value, ensure_ascii=escape, separators=(",", ":"), allow_nan=False)


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("the time must carry its zone")
    return at.astimezone(UTC)
