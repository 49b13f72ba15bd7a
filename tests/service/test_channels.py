"""A rep in a chat: forward, read the list, answer by numbers. By JSON for any bot, and through WeCom's encryption."""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.links import Link, read_link
from service.settings import Settings
from service.wecom.crypto import Keys, decrypt, encrypt
from service.wecom.xml import build_envelope, parse_envelope

NOTE = "恒力机械的王总说要等财政拨款，下周三带样品上门"
AES = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
KEYS = Keys("token", AES, "corp")


def say(door, text: str, message: str, sender: str = "小李") -> dict:
    body = {"message_id": message, "from": sender, "text": text, "sent_at": "2026-03-18T10:20:00+08:00"}
    answer = door.client.post("/v1/channels/wechat/messages", json={**body, "customer": "恒力机械"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def states(door, extraction: str) -> list[str]:
    return [f["state"] for f in door.client.get(f"/v1/extractions/{extraction}").json()["fields"]]


def test_the_walk_in_a_chat(door):
    first = say(door, NOTE, "m1")
    assert "政府拨款" in first["reply"]
    assert "财政拨款" in first["reply"]
    count = len(states(door, first["extraction_id"]))
    assert say(door, "改9 下周四", "m2")["reply"].startswith("没有第 9 条")
    assert say(door, "否1 认错人了", "m3")["reply"].startswith("已否决")
    assert say(door, "好", "m4")["reply"].startswith("已确认")
    after = states(door, first["extraction_id"])
    assert after == ["rejected"] + ["confirmed"] * (count - 1)
    assert say(door, "撤销", "m5")["reply"].startswith("已撤销")
    assert states(door, first["extraction_id"]) == ["rejected"] + ["pending"] * (count - 1)


def test_a_correction_is_read_against_the_message(door):
    first = say(door, "下周三带样品上门", "m1")
    assert say(door, "改1 下周四", "m2")["reply"].startswith("已更正")
    assert door.values()["next_visit"]["start"] == "2026-03-26"
    assert states(door, first["extraction_id"]) == ["corrected"]


def test_the_same_message_answers_the_same_and_stores_nothing_twice(door):
    first, again = say(door, NOTE, "m1"), say(door, NOTE, "m1")
    assert first == again
    items = door.client.get("/v1/inbox").json()["items"]
    assert len(items) == len(states(door, first["extraction_id"]))


def test_two_deliveries_of_one_message_at_once_store_it_once(door):
    """WeCom repeats what is not answered in time, while the first is still being read."""
    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(lambda _: say(door, NOTE, "m1"), range(4))
    assert all(other == first for other in others)
    assert len(door.client.get("/v1/inbox").json()["items"]) == len(states(door, first["extraction_id"]))


def test_a_reply_leads_to_the_card_of_its_sender(door):
    first = say(door, NOTE, "m1")
    (address,) = re.findall(r"http://\S+/c/(\S+)", first["reply"])
    key = door.app.state.settings.signing_key()
    assert read_link(address, key, at=datetime.now(UTC)) == Link("demo", "wechat:小李", first["extraction_id"])


def test_one_never_confirms_what_was_not_shown(door):
    phones = [f"138{n:08d}" for n in range(90)]
    first = say(door, f"联系电话：{'、'.join(phones)}", "m1")
    shown = first["reply"].count("1380000")
    assert 10 < shown < len(phones)
    more = say(door, "1", "m2")["reply"]
    assert states(door, first["extraction_id"]).count("confirmed") == shown
    assert f"{shown + 1}. " in more
    assert phones[shown] in more
    assert phones[0] not in more
    for number in range(3, 10):
        say(door, "好", f"m{number}")
    assert set(states(door, first["extraction_id"])) == {"confirmed"}


@pytest.mark.parametrize("key", ["message_id", "from", "text"])
def test_what_no_database_can_hold_is_refused(door, key):
    body = {"message_id": "m", "from": "小李", "text": NOTE, "sent_at": "2026-03-18T10:20:00+08:00"}
    for hostile in ("小\x00李", "小\ud800李"):
        raw = json.dumps(body | {key: hostile})
        headers = {"content-type": "application/json"}
        answer = door.client.post("/v1/channels/wechat/messages", content=raw, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


@pytest.mark.parametrize("path", ["customers/%00/fields", "customers/a/fields/%00/lineage", "extractions/%00"])
def test_what_no_database_can_look_for_is_no_failure(door, path):
    assert door.client.get(f"/v1/{path}").status_code in (200, 404, 422)


def test_all_rejected_and_nothing_left(door):
    first = say(door, NOTE, "m1")
    assert say(door, "都不对", "m2")["reply"].startswith("已否决")
    assert set(states(door, first["extraction_id"])) == {"rejected"}
    assert "都已经处理过了" in say(door, "好", "m3")["reply"]
    assert "哪一条" in say(door, "不对", "m4")["reply"]


def test_a_forwarded_note_names_its_customer(wecom):
    assert "（恒力机械有限公司）" in opened(post(wecom, text_message("恒力机械有限公司的王总说要等财政拨款")))
    assert "（" not in opened(post(wecom, text_message("王总说要等财政拨款", "2"))).partition("\n")[0]


def test_a_wrong_answer_leaves_all_as_it_was(door):
    first = say(door, NOTE, "m1")
    before = states(door, first["extraction_id"])
    say(door, "改1 ", "m2")
    assert states(door, first["extraction_id"]) == before


@pytest.fixture
def wecom(rules, database_url):
    settings = Settings(
        database_url=database_url, worker=False, wecom_token="token", wecom_aes_key=AES, wecom_corp_id="corp",
        wecom_tenant="demo",
    )  # fmt: skip
    with TestClient(create_app(rules, settings), raise_server_exceptions=False) as client:
        yield client


def post(client, xml: str, *, stamp: int | None = None, signature: str | None = None):
    moment = str(stamp or int(time.time()))
    sealed = encrypt(KEYS, xml.encode(), timestamp=moment, nonce="n")
    query = {"msg_signature": signature or sealed.stamp.signature, "timestamp": moment, "nonce": "n"}
    return client.post("/wecom/callback", params=query, content=build_envelope(sealed))


def text_message(text: str, name: str = "1") -> str:
    return (
        f"<xml><ToUserName>corp</ToUserName><FromUserName>zhangsan</FromUserName><CreateTime>1773800400</CreateTime>"
        f"<MsgType>text</MsgType><Content>{text}</Content><MsgId>{name}</MsgId><AgentID>1</AgentID></xml>"
    )


def opened(answer) -> str:
    assert answer.status_code == 200, answer.text
    return decrypt(KEYS, parse_envelope(answer.content)).decode()


def undated(reply: str) -> str:
    """A reply without the second in which it was given."""
    return re.sub(r"<CreateTime>\d+</CreateTime>", "", reply)


def test_a_wecom_message_is_answered_in_kind(wecom):
    assert "政府拨款" in opened(post(wecom, text_message("王总说要等财政拨款")))
    assert "已确认" in opened(post(wecom, text_message("1", "2")))
    first, again = (opened(post(wecom, text_message("1", "2"))) for _ in range(2))
    assert undated(first) == undated(again)


def test_the_url_is_verified(wecom):
    moment = str(int(time.time()))
    sealed = encrypt(KEYS, b"hello", timestamp=moment, nonce="n")
    query = {"msg_signature": sealed.stamp.signature, "timestamp": moment, "nonce": "n", "echostr": sealed.encrypted}
    assert wecom.get("/wecom/callback", params=query).text == "hello"


def test_forged_stale_and_bomb_are_refused(wecom):
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><xml><Encrypt>&b;</Encrypt></xml>'
    old = int(datetime.now(UTC).timestamp()) - 3600
    answers = [
        post(wecom, text_message("x"), signature="0" * 40),
        post(wecom, text_message("x"), stamp=old),
        wecom.post("/wecom/callback?msg_signature=a&timestamp=1&nonce=n", content=bomb),
        wecom.post("/wecom/callback?msg_signature=a&timestamp=1&nonce=n", content="<xml>" + "a" * 200_000),
    ]
    assert all(400 <= a.status_code < 500 for a in answers)
    assert all(a.headers["content-type"] == "application/problem+json" for a in answers)


def test_without_keys_the_callback_says_what_to_set(door):
    answer = door.client.post("/wecom/callback?msg_signature=a&timestamp=1&nonce=n", content="x")
    assert (answer.status_code, answer.json()["code"]) == (404, "wecom.off")
