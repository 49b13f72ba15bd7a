"""WeCom's API: send a text or a card to a person, take the buttons off a card (developer.work.weixin.qq.com,
path/90236 发送应用消息, path/94888 更新模版卡片消息).

The access token is fetched when first needed, kept until shortly before it ends, and fetched again when WeCom refuses
it; within its validity WeCom gives every process the same one, so processes need not share it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import httpx
import yaml

from service.problems import ServiceError
from service.settings import Settings
from service.wecom.reply import MAX_REPLY

WECOM = "wecom"  # the channel's name
ERRORS = Path(__file__).with_name("errors.yaml")
EARLY = 300  # seconds before its end at which a token is no longer used
WAITS = (0.2, 0.5)  # seconds before the second and the third attempt
QUIET = 60.0  # seconds without a call after WeCom's frequency limit
TIMEOUT = httpx.Timeout(2.0)  # a callback must be answered within five seconds, whatever happens here
REPEATED = 1800  # seconds in which WeCom drops a message it has already: a repeated attempt reaches nobody twice


class Sender(Protocol):
    """Something that can tell a person something."""

    def send(self, person: str, text: str) -> None:
        """Send a text to a person (the channel's own name for them). Raises SendError."""

    def close_card(self, person: str, code: str, label: str) -> None:
        """Put `label` in place of a card's buttons. Raises SendError."""


class SendError(ServiceError):
    """A message that could not be sent; `kind` is that of errors.yaml, or `network`; `later` says a repeat may do."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(502, f"wecom.{kind}", detail)
        self.kind = kind

    @property
    def later(self) -> bool:
        return self.kind in ("network", "busy", "limit", "token")


@dataclass(frozen=True, slots=True)
class App:
    """A self-built app of a company: what its page in WeCom's administration shows."""

    corp_id: str
    secret: str = field(repr=False)
    agent_id: int


@dataclass(slots=True)
class Api:
    """A Sender through WeCom's API. One is shared by all threads of a process."""

    app: App
    http: httpx.Client
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _token: str = ""
    _good_until: float = 0.0
    _quiet_until: float = 0.0

    def send(self, person: str, text: str) -> None:
        """A text; what exceeds WeCom's 2,048 bytes is cut. Raises SendError."""
        self._message(person, {"msgtype": "text", "text": {"content": cut(text)}})

    def send_card(self, person: str, card: dict[str, Any]) -> str:
        """A template card (`cards.question`); the code that `close_card` wants. Raises SendError."""
        answer = self._message(person, {"msgtype": "template_card", "template_card": card})
        return str(answer.get("response_code") or "")

    def close_card(self, person: str, code: str, label: str) -> None:
        """WeCom takes each code once, within 72 hours. Raises SendError."""
        body = {"userids": [person], "agentid": self.app.agent_id, "response_code": code}
        self._call("/cgi-bin/message/update_template_card", body | {"button": {"replace_name": label}})

    def close(self) -> None:
        self.http.close()

    def _message(self, person: str, message: dict[str, Any]) -> dict[str, Any]:
        """A `|` in `touser` would name several people, `@all` everybody: neither is a person."""
        if "|" in person or person.casefold() == "@all":
            raise SendError("person", "收件人的名字不对")
        body = {"touser": person, "agentid": self.app.agent_id, **message}
        repeats = {"enable_duplicate_check": 1, "duplicate_check_interval": REPEATED}
        answer = self._call("/cgi-bin/message/send", body | repeats)
        if answer.get("invaliduser"):
            raise SendError("person", "企业微信没有送到这个成员；请看他是否在应用的可见范围里")
        return answer

    def _call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Up to three attempts; a refused token is fetched anew, a busy server asked again after a pause."""
        for wait in (*WAITS, None):
            token = ""
            try:
                token = self._fresh_token()
                return self._once("POST", path, params={"access_token": token}, json=body)
            except SendError as error:
                if error.kind == "limit":
                    self._quiet_until = self.clock() + QUIET
                if wait is None or not error.later or error.kind == "limit":
                    raise
                if error.kind == "token":
                    self._drop(token)
                else:
                    self.pause(wait)
        raise AssertionError("unreachable")

    def _once(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        if self.clock() < self._quiet_until:
            raise SendError("limit", "企业微信的调用次数到了上限，一分钟后再试")
        try:
            answer = self.http.request(method, path, **given)
        except httpx.HTTPError as error:
            raise SendError("network", f"连不上企业微信的接口（{type(error).__name__}）") from None
        if answer.status_code == 429 or answer.status_code >= 500:
            raise SendError("busy", f"企业微信的接口答 {answer.status_code}")
        return _read(answer)

    def _fresh_token(self) -> str:
        with self._lock:
            if self.clock() >= self._good_until:
                query = {"corpid": self.app.corp_id, "corpsecret": self.app.secret}
                answer = self._once("GET", "/cgi-bin/gettoken", params=query)
                self._token = str(answer["access_token"])
                self._good_until = self.clock() + max(float(answer.get("expires_in", 7200)) - EARLY, 0)
            return self._token

    def _drop(self, token: str) -> None:
        """Another thread may have fetched a new one meanwhile: that one stays."""
        with self._lock:
            if self._token == token:
                self._good_until = 0.0


def open_api(app: App, base_url: str) -> Api:
    """The API at `base_url` (WeCom's own, or a stand-in)."""
    return Api(app, httpx.Client(base_url=base_url, timeout=TIMEOUT))


def wecom_api(settings: Settings) -> Api | None:
    """The API the settings ask for; None where the app's secret or its agent id is not set."""
    secret = settings.wecom_secret.get_secret_value()
    if not (secret and settings.wecom_agent_id and settings.wecom_corp_id):
        return None
    return open_api(App(settings.wecom_corp_id, secret, settings.wecom_agent_id), settings.wecom_api)


def cut(text: str, most: int = MAX_REPLY) -> str:
    """The text within `most` bytes of UTF-8; a longer one ends in 「…」, never inside a character."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= most:
        return raw.decode()
    return raw[: most - len("…".encode())].decode("utf-8", "ignore") + "…"


def _read(answer: httpx.Response) -> dict[str, Any]:
    """The answer's body. WeCom's own words may quote what was sent: ours go into the error, not theirs."""
    try:
        body = answer.json()
        code = str(body["errcode"])
    except (ValueError, KeyError, TypeError):
        raise SendError("network", f"企业微信的接口答了看不懂的内容（{answer.status_code}）") from None
    if code != "0":
        known = _errors().get(code, {"kind": "refused", "say": "接口拒绝了"})
        raise SendError(known["kind"], f"{known['say']}（企业微信错误码 {code}）")
    found: dict[str, Any] = body
    return found


@cache
def _errors() -> dict[str, dict[str, str]]:
    known: dict[str, dict[str, str]] = yaml.safe_load(ERRORS.read_text(encoding="utf-8"))
    return known
