"""Keys of an app, the moment of a callback, and the independent client (wechatpy) that speaks to ours."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from wechatpy.enterprise.crypto import WeChatCrypto

from service.wecom.crypto import Keys

TOKEN, CORP = "QDG6eK", "wx5823bf96d3bd56c7"
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"


@pytest.fixture(scope="session")
def keys() -> Keys:
    return Keys(TOKEN, AES_KEY, CORP)


@pytest.fixture(scope="session")
def client() -> WeChatCrypto:
    return WeChatCrypto(TOKEN, AES_KEY, CORP)


@pytest.fixture(scope="session")
def now() -> datetime:
    return datetime(2026, 3, 18, 2, 20, tzinfo=UTC)
