"""Bodies, secrets and signatures of events: the Standard Webhooks specification, by its own library."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

_SECRET_BYTES = 32  # the specification asks for 24 to 64


def new_secret() -> str:
    """A fresh signing secret, `whsec_` and 32 random bytes in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def event_bytes(event: Mapping[str, Any]) -> bytes:
    """An event (`{"type", "timestamp", "data"}`) as compact UTF-8 JSON: what is signed, the same at every attempt.

    A lone surrogate, which UTF-8 cannot hold, is written as JSON's own escape.
    """
    text = json.dumps(event, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "backslashreplace")


def signed_headers(body: bytes, *, message_id: str, at: datetime, secrets: Sequence[str]) -> dict[str, str]:
    """The headers of one attempt at `at` (aware). `message_id` stays the same over all attempts of an event.

    With several secrets (rotation) each signs, and the receiver may hold any one of them.
    """
    if at.tzinfo is None:
        raise ValueError("the time must carry its zone")
    at = at.astimezone(UTC)  # the library takes the clock's face for UTC, whatever the zone
    text = body.decode()
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(message_id, at, text) for secret in secrets),
    }
