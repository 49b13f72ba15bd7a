"""The XML of WeCom's callback, read by defusedxml: no DTD, no entities, at most 64 KiB."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import fromstring

from service.wecom.crypto import Envelope
from service.wecom.errors import WecomError

MAX_XML = 64 * 1024  # bytes
MAX_NAME = 64  # code points of an id or an event name; WeCom allows 64 bytes
MAX_TASK = 128  # of a card's id; WeCom allows as many bytes
CHINA = timezone(timedelta(hours=8))
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production Char


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a rep. `kind` is WeCom's MsgType (text, image, event, …); only text has a `text`.

    `sent_at` stands in China's time, the reference of 「下周三」. Events carry no MsgId; theirs is made from sender,
    time and event, which WeCom names for telling repeats, and from the card and its button where there is one.
    """

    msg_id: str
    from_user: str
    to_user: str
    kind: str
    text: str
    sent_at: datetime
    agent_id: str
    event: str = ""
    key: str = ""  # of the button that was tapped
    task: str = ""  # of the card it is on


def parse_envelope(body: bytes) -> str:
    """The ciphertext of a callback's body. Raises WecomError (400)."""
    return _need(_root(body), "Encrypt", MAX_XML)


def parse_message(xml: bytes) -> Message:
    """The message in a decrypted XML. Raises WecomError (400, or 413 for more than `MAX_XML` bytes)."""
    root = _root(xml)
    kind = _need(root, "MsgType")
    return Message(
        msg_id=_event_id(root) if kind == "event" else _need(root, "MsgId"),
        from_user=_need(root, "FromUserName"),
        to_user=_need(root, "ToUserName"),
        kind=kind,
        text=_text(root, "Content") if kind == "text" else "",
        sent_at=_time(_need(root, "CreateTime")),
        agent_id=_text(root, "AgentID")[:MAX_NAME],
        event=_text(root, "Event")[:MAX_NAME],
        key=_text(root, "EventKey")[:MAX_TASK],
        task=_text(root, "TaskId")[:MAX_TASK],
    )


def build_reply(message: Message, text: str, *, now: datetime) -> bytes:
    """A passive text reply to the sender of `message`; characters that XML cannot hold are left out."""
    return _xml(*_addressed(message, now), _tag("MsgType", "text"), _tag("Content", text))


def build_update(message: Message, text: str, *, now: datetime) -> bytes:
    """The answer to a tap: the card's buttons give way to `text`."""
    button = f"<Button>{_tag('ReplaceName', text)}</Button>"
    return _xml(*_addressed(message, now), _tag("MsgType", "update_button"), button)


def _addressed(message: Message, now: datetime) -> tuple[str, str, str]:
    sent = f"<CreateTime>{int(now.timestamp())}</CreateTime>"
    return _tag("ToUserName", message.from_user), _tag("FromUserName", message.to_user), sent


def build_envelope(envelope: Envelope) -> bytes:
    """The answer's body around a sealed reply."""
    stamp = envelope.stamp
    return _xml(
        _tag("Encrypt", envelope.encrypted),
        _tag("MsgSignature", stamp.signature),
        _tag("TimeStamp", stamp.timestamp),
        _tag("Nonce", stamp.nonce),
    )


def _root(xml: bytes) -> Element:
    if len(xml) > MAX_XML:
        raise WecomError(413, "wecom.too_large", f"消息 XML 超过 {MAX_XML // 1024} KiB")
    try:
        root = fromstring(xml, forbid_dtd=True)
    except (ParseError, ValueError, LookupError):  # LookupError: an encoding nobody knows
        raise WecomError(400, "wecom.xml", "消息不是合法的 XML（不接受 DTD 与实体）") from None
    if root.tag != "xml":
        raise WecomError(400, "wecom.xml", "消息 XML 的根节点应是 <xml>")
    return root


def _text(root: Element, key: str) -> str:
    return root.findtext(key) or ""


def _event_id(root: Element) -> str:
    parts = ["event", *(_need(root, key) for key in ("FromUserName", "CreateTime", "Event"))]
    if task := _text(root, "TaskId"):
        parts.append(hashlib.sha256(f"{task}\0{_text(root, 'EventKey')}".encode()).hexdigest()[:16])
    return ":".join(parts)


def _need(root: Element, key: str, limit: int = MAX_NAME) -> str:
    text = _text(root, key).strip()
    if not 0 < len(text) <= limit:
        raise WecomError(400, "wecom.field", f"消息 XML 里 {key} 缺失或过长")
    return text


def _time(seconds: str) -> datetime:
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 10):
        raise WecomError(400, "wecom.field", "消息 XML 里 CreateTime 应是秒数")
    return datetime.fromtimestamp(int(seconds), CHINA)


def _tag(name: str, text: str) -> str:
    safe = _NOT_XML.sub("", text).replace("]]>", "]]]]><![CDATA[>")
    return f"<{name}><![CDATA[{safe}]]></{name}>"


def _xml(*parts: str) -> bytes:
    return ("<xml>" + "".join(parts) + "</xml>").encode()
