"""Keys of an app, the moment of a callback, the independent client (wechatpy), and a stand-in for WeCom's API."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

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


Fault = int | dict[str, Any] | str  # an HTTP status, a body, or a body that is no JSON


@dataclass
class StandIn:
    """Tokens that end, faults on demand, and what was sent.

    `faults` are answered, one each, before `message/send` and `update_template_card` work again; `tokens` counts how
    many were given; each response code is good for one update (`updated`).
    """

    url: str = ""
    secret: str = "s3cret"
    tokens: int = 0
    expires_in: int = 7200
    calls: int = 0
    sent: list[dict[str, Any]] = field(default_factory=list)
    updated: list[dict[str, Any]] = field(default_factory=list)
    codes: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)

    def token(self, query: dict[str, list[str]]) -> Fault:
        if query.get("corpsecret") != [self.secret]:
            return {"errcode": 40001, "errmsg": "invalid credential"}
        self.tokens += 1
        token = {"access_token": f"token-{self.tokens}", "expires_in": self.expires_in}
        return {"errcode": 0, "errmsg": "ok", **token}

    def send(self, query: dict[str, list[str]], body: dict[str, Any]) -> Fault:
        self.calls += 1
        if self.faults:
            return self.faults.pop(0)
        if query.get("access_token") != [f"token-{self.tokens}"]:
            return {"errcode": 40014, "errmsg": "invalid access_token"}
        self.sent.append(body)
        code = f"code-{len(self.sent)}"
        self.codes.add(code)
        return {"errcode": 0, "errmsg": "ok", "msgid": "m", "response_code": code}

    def update(self, query: dict[str, list[str]], body: dict[str, Any]) -> Fault:
        if self.faults:
            return self.faults.pop(0)
        if query.get("access_token") != [f"token-{self.tokens}"]:
            return {"errcode": 40014, "errmsg": "invalid access_token"}
        if body["response_code"] not in self.codes:
            return {"errcode": 40000, "errmsg": "code is used or unknown"}
        self.codes.remove(body["response_code"])
        self.updated.append(body)
        return {"errcode": 0, "errmsg": "ok", "invaliduser": []}


@pytest.fixture
def standin() -> Iterator[StandIn]:
    """A stand-in for WeCom's API on a port of this machine."""
    made = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(made.token(parse_qs(urlsplit(self.path).query)))

        def do_POST(self) -> None:
            parts = urlsplit(self.path)
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            known = {"/cgi-bin/message/send": made.send, "/cgi-bin/message/update_template_card": made.update}
            answer = known.get(parts.path)
            self._answer(answer(parse_qs(parts.query), body) if answer else 404)

        def _answer(self, fault: Fault) -> None:
            raw = json.dumps(fault).encode() if isinstance(fault, dict) else str(fault).encode()
            self.send_response(fault if isinstance(fault, int) else 200)
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
