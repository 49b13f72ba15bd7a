"""Signatures, checked by the specification's own library as a receiver would."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from service.webhooks.sign import event_bytes, new_secret, signed_headers

BEIJING = timezone(timedelta(hours=8))


def test_a_secret_is_whsec_and_32_random_bytes():
    first, second = new_secret(), new_secret()
    assert first != second
    assert first.startswith("whsec_")
    assert len(base64.b64decode(first.removeprefix("whsec_"), validate=True)) == 32


@pytest.mark.parametrize("zone", [UTC, BEIJING])
def test_an_independent_receiver_verifies(zone):
    secret, body = new_secret(), event_bytes({"type": "field.confirmed", "data": {"value": "政府拨款"}})
    headers = signed_headers(body, message_id="evt_1", at=datetime.now(zone), secrets=[secret])
    assert Webhook(secret).verify(body, headers)["data"] == {"value": "政府拨款"}
    assert headers["webhook-id"] == "evt_1"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body.replace("政".encode(), "正".encode()), headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(body, headers)


def test_while_secrets_rotate_both_holders_verify():
    old, new, now = new_secret(), new_secret(), datetime.now(UTC)
    body = event_bytes({"type": "field.rejected", "data": {}})
    headers = signed_headers(body, message_id="evt_2", at=now, secrets=[new, old])
    assert [Webhook(held).verify(body, headers)["type"] for held in (old, new)] == ["field.rejected"] * 2


@settings(deadline=None)
@given(st.text(st.characters(), max_size=40))
def test_any_text_can_be_sent_and_comes_back(text):
    now = datetime.now(UTC)
    secret, body = new_secret(), event_bytes({"type": "suggestion.created", "data": {"value": text}})
    headers = signed_headers(body, message_id="evt_3", at=now, secrets=[secret])
    assert Webhook(secret).verify(body, headers)["data"]["value"] == text
    assert json.loads(body)["data"] == {"value": text}


def test_a_time_without_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        signed_headers(b"{}", message_id="evt_4", at=datetime(2026, 3, 18), secrets=[new_secret()])
