"""A callback's way: wechatpy builds and reads; ours answers. Bombs, oversized and odd XML end as WecomError."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.enterprise import parse_message as their_parse
from wechatpy.enterprise.crypto import WeChatCrypto
from wechatpy.enterprise.replies import TextReply

from service.wecom.callback import answer, receive
from service.wecom.crypto import Keys, Stamp
from service.wecom.errors import WecomError
from service.wecom.xml import MAX_XML, Message, build_reply, parse_envelope, parse_message

MESSAGE = Message("7", "zhangsan", "corp", "text", "1", datetime(2026, 3, 18, 10, 20, tzinfo=UTC), "1000002")


def incoming(
    text: str = "王总说要等财政拨款", *, extra: str = "", kind: str = "text", msg_id: str = "1234567890"
) -> str:
    known = f"<MsgId>{msg_id}</MsgId>" if msg_id else ""
    return (
        "<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName><FromUserName><![CDATA[zhangsan]]></FromUserName>"
        f"<CreateTime>1773800400</CreateTime><MsgType><![CDATA[{kind}]]></MsgType>"
        f"<Content><![CDATA[{text}]]></Content>{known}<AgentID>1000002</AgentID>{extra}</xml>"
    )


def posted(client: WeChatCrypto, now: datetime, xml: str) -> tuple[Stamp, bytes]:
    """What WeCom would send, made by wechatpy."""
    body = client.encrypt_message(xml, "nonce", str(int(now.timestamp())))
    parts = parse_all(body.encode())
    return Stamp(parts["MsgSignature"], parts["TimeStamp"], parts["Nonce"]), body.encode()


def parse_all(xml: bytes) -> dict[str, str]:
    from defusedxml.ElementTree import fromstring

    return {child.tag: child.text or "" for child in fromstring(xml)}


def refusal(call, *args, **kwargs) -> tuple[int, str]:
    with pytest.raises(WecomError) as caught:
        call(*args, **kwargs)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value.status, caught.value.code


def test_a_message_of_wechatpy_is_read(keys, client, now):
    stamp, body = posted(client, now, incoming())
    message = receive(keys, stamp, body, now=now)
    sent_at = datetime.fromtimestamp(1773800400, UTC)
    assert message == Message(
        "1234567890", "zhangsan", keys.receive_id, "text", "王总说要等财政拨款", sent_at, "1000002"
    )
    assert message.sent_at.isoformat() == "2026-03-18T10:20:00+08:00"


@pytest.mark.parametrize("text", ["读出 2 项，请确认：\n1. 预算来源", "]]>", "a]]]>b<x>&amp;&", "😀", "", "x" * 2048])
def test_our_answer_is_read_by_wechatpy(keys, client, now, text):
    message = receive(keys, *posted(client, now, incoming()), now=now)
    parts = parse_all(answer(keys, message, text, nonce="abc", now=now))
    opened = client.decrypt_message(parts, parts["MsgSignature"], parts["TimeStamp"], parts["Nonce"])
    assert (their_parse(opened).content or "") == text
    assert (their_parse(opened).source, their_parse(opened).target) == ("wx5823bf96d3bd56c7", "zhangsan")


def test_a_reply_of_wechatpy_has_the_same_tags(now):
    theirs = TextReply(message=their_parse(incoming()), content="好").render()
    ours = build_reply(parse_message(incoming().encode()), "好", now=now)
    assert parse_all(ours).keys() <= parse_all(theirs.encode()).keys()


def test_characters_that_xml_cannot_hold_are_left_out(now):
    assert parse_all(build_reply(MESSAGE, "a\x00b\x1b\ud800c\ufffe", now=now))["Content"] == "abc"


def test_forged_old_and_foreign_callbacks(keys, client, now):
    stamp, body = posted(client, now, incoming())
    assert refusal(receive, keys, Stamp("0" * 40, stamp.timestamp, stamp.nonce), body, now=now)[1] == "wecom.signature"
    assert refusal(receive, keys, stamp, body, now=now + timedelta(minutes=6))[1] == "wecom.replay"
    foreign = WeChatCrypto(keys.token, keys.aes_key, "another-corp")
    assert refusal(receive, keys, *posted(foreign, now, incoming()), now=now) == (403, "wecom.sealed")


BOMB = '<!DOCTYPE xml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
FILE = '<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("head", [BOMB, FILE, '<!DOCTYPE xml SYSTEM "http://127.0.0.1/x.dtd">'])
def test_bombs_inside_and_outside(keys, client, now, head):
    xml = head + incoming("x").replace("<![CDATA[x]]>", "&c;" if head == BOMB else "&a;")
    assert refusal(receive, keys, *posted(client, now, xml), now=now) == (400, "wecom.xml")
    assert refusal(parse_envelope, f"{head}<xml><Encrypt>&a;</Encrypt></xml>".encode()) == (400, "wecom.xml")


def test_oversized_inside_and_outside(keys, client, now):
    assert refusal(parse_message, incoming("x" * MAX_XML).encode()) == (413, "wecom.too_large")
    assert refusal(receive, keys, *posted(client, now, incoming("x" * MAX_XML)), now=now) == (413, "wecom.too_large")
    assert parse_message(incoming("x" * (MAX_XML - 400)).encode()).text == "x" * (MAX_XML - 400)


@pytest.mark.parametrize(
    "xml",
    [
        b"", b"hello", b"<xml>", b"<a/>", b"\xff\xfe<\x00", b"<a>" * 9_000, b"<a>" * 9_000 + b"</a>" * 9_000,
        b'<?xml version="1.0" encoding="nobody"?><xml/>', b'<?xml version="1.0" encoding="hex"?><xml/>',
    ],
)  # fmt: skip
def test_what_is_no_xml_of_ours(xml):
    assert refusal(parse_message, xml) in {(400, "wecom.xml"), (413, "wecom.too_large")}


@pytest.mark.parametrize("key", ["ToUserName", "FromUserName", "CreateTime", "MsgType", "MsgId"])
def test_a_missing_or_endless_key_is_named(key):
    xml = incoming().replace(key, "Other").encode()
    assert refusal(parse_message, xml) == (400, "wecom.field")
    endless = f"<{key}>{'9' * 65}</{key}>"
    assert refusal(parse_message, xml.replace(b"</xml>", endless.encode() + b"</xml>")) == (400, "wecom.field")


@pytest.mark.parametrize("seconds", ["-1", "soon", "9" * 11, "１７７３８００４００", "1.5"])
def test_a_time_that_is_none(seconds):
    assert refusal(parse_message, incoming().replace("1773800400", seconds).encode()) == (400, "wecom.field")


def test_other_kinds_have_no_text_and_events_get_an_id():
    image = parse_message(incoming("x", kind="image").encode())
    assert (image.kind, image.text, image.msg_id) == ("image", "", "1234567890")
    event = parse_message(incoming(kind="event", msg_id="", extra="<Event>enter_agent</Event>").encode())
    assert (event.kind, event.text, event.msg_id) == ("event", "", "event:zhangsan:1773800400:enter_agent")


TAGS = st.sampled_from(["xml", "MsgId", "MsgType", "Content", "CreateTime", "FromUserName", "ToUserName", "a"])
SOUP = st.lists(st.one_of(TAGS.map("<{}>".format), TAGS.map("</{}>".format), st.text(max_size=8)), max_size=20)


@given(xml=st.binary(max_size=200) | SOUP.map(lambda parts: f"<xml>{''.join(parts)}</xml>".encode()))
def test_nothing_but_wecom_errors_from_any_xml(xml):
    for parse in (parse_message, parse_envelope):
        try:
            parse(xml)
        except WecomError as error:
            assert error.status in {400, 413}  # noqa: PT017 - both outcomes are fine


@given(text=st.text(st.characters(exclude_categories=()), max_size=200))
def test_any_text_makes_a_readable_reply(text):
    now = datetime(2026, 3, 18, tzinfo=UTC)
    keys = Keys("token", "a1" * 21 + "A", "corp")
    parts = parse_all(answer(keys, MESSAGE, text, nonce="n", now=now))
    opened = WeChatCrypto(keys.token, keys.aes_key, keys.receive_id).decrypt_message(
        parts, parts["MsgSignature"], parts["TimeStamp"], parts["Nonce"]
    )
    assert parse_all(opened.encode())["MsgType"] == "text"
