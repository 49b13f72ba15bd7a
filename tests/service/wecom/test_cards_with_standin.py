"""Cards with buttons: what one looks like, and its way through the callback against a stand-in for WeCom's API."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from service.app import create_app
from service.settings import Settings, SettingsError, load_settings
from service.store import cards, digests
from service.store.database import now
from service.store.keys import create_key
from service.store.tables import cards as table
from service.store.tables import suggestions
from service.tidy import close_card, send_digest
from service.wecom.cards import SHOWN, Tap, label, question, tapped
from service.wecom.crypto import Keys, decrypt, encrypt
from service.wecom.xml import build_envelope, parse_envelope
from service.worker import Worker

AES = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
KEYS = Keys("token", AES, "corp")
NOTE = "恒力机械的王总说要等财政拨款，下周三带样品上门"
ID = "18a0c3f1b2d4e5f60123456789abcdef"
FIELD = {"title": "预算来源", "display": "政府拨款", "basis": "stated", "certain": True}


class Chat:
    """A rep's side of WeCom: messages and taps in, opened answers out."""

    def __init__(self, client: TestClient, headers: dict[str, str]) -> None:
        self.client, self.headers, self.number = client, headers, 0

    def say(self, text: str, person: str = "zhangsan") -> str:
        self.number += 1
        return self.post(person, f"<MsgType>text</MsgType><Content>{text}</Content><MsgId>{self.number}</MsgId>")

    def tap(self, card: dict, key: str, person: str = "zhangsan", at: int = 1773800500) -> str:
        event = "<MsgType>event</MsgType><Event>template_card_event</Event>"
        return self.post(person, f"{event}<EventKey>{key}</EventKey><TaskId>{card['task_id']}</TaskId>", at)

    def post(self, person: str, inside: str, at: int = 1773800400) -> str:
        head = f"<ToUserName>corp</ToUserName><FromUserName>{person}</FromUserName><CreateTime>{at}</CreateTime>"
        moment = str(int(time.time()))
        sealed = encrypt(KEYS, f"<xml>{head}{inside}</xml>".encode(), timestamp=moment, nonce="n")
        query = {"msg_signature": sealed.stamp.signature, "timestamp": moment, "nonce": "n"}
        answer = self.client.post("/wecom/callback", params=query, content=build_envelope(sealed))
        assert answer.status_code == 200, answer.text
        return decrypt(KEYS, parse_envelope(answer.content)).decode() if answer.content else ""

    def work(self) -> None:
        """What the worker does about cards, until nothing is left to do."""
        state = self.client.app.state
        worker = Worker(state.database, allow_private=False, senders=state.senders)
        while worker.step():
            pass

    def decide(self, card: dict, action: str) -> None:
        """All that is shown, on the page or by a program."""
        name = card["task_id"].partition("@")[0]
        fields = self.client.get(f"/v1/extractions/{name}", headers=self.headers).json()["fields"]
        wanted = [{"suggestion_id": f["suggestion_id"], "action": action} for f in fields]
        path = f"/v1/extractions/{name}/decisions"
        assert self.client.post(path, json={"decisions": wanted}, headers=self.headers).status_code == 200

    def states(self, card: dict) -> list[str]:
        path = f"/v1/extractions/{card['task_id'].partition('@')[0]}"
        return [f["state"] for f in self.client.get(path, headers=self.headers).json()["fields"]]


@pytest.fixture
def chat(rules, tmp_path, standin) -> Iterator[Chat]:
    settings = Settings(
        database_url=f"sqlite:///{tmp_path}/f.db", worker=False, wecom_token="token", wecom_aes_key=AES,
        wecom_corp_id="corp", wecom_tenant="demo", wecom_secret="s3cret", wecom_agent_id=7, wecom_cards=True,
        wecom_api=standin.url, public_url="https://crm.example/",
    )  # fmt: skip
    app = create_app(rules, settings)
    with TestClient(app, raise_server_exceptions=False) as client:
        with app.state.database.write() as connection:
            key = create_key(connection, "demo", ["extract", "confirm"])
        yield Chat(client, {"Authorization": f"Bearer {key}"})


def test_a_card_shows_what_its_buttons_speak_of():
    card = question([FIELD] * 8, extraction=ID, link="https://crm.example/c/x", customer="恒力机械")
    assert len(card["horizontal_content_list"]) == SHOWN
    assert card["button_list"][0]["text"] == "确认这 6 项"
    assert "另有 2 项" in card["sub_title_text"]
    assert {b.get("url") for b in card["button_list"]} == {None, "https://crm.example/c/x"}
    one = question([{**FIELD, "basis": "inferred"}], extraction=ID, link="https://crm.example/c/x")
    assert [b["text"] for b in one["button_list"][:2]] == ["确认", "不对"]
    assert one["horizontal_content_list"][0]["value"] == "政府拨款（推断）"
    assert one["task_id"] != question([FIELD], extraction=ID, link="x")["task_id"]


@pytest.mark.parametrize(
    ("key", "task", "meant"),
    [
        ("confirm", f"{ID}@0a1b2c3d", Tap(ID, "confirm")),
        ("reject", f"{ID}@0a1b2c3d", Tap(ID, "reject")),
        ("undo", f"{ID}@0a1b2c3d", None),
        ("confirm", ID, None),
        ("confirm", "someone-else@1", None),
        ("", "", None),
    ],
)
def test_taps(key, task, meant):
    assert tapped(key, task) == meant


def test_a_note_gets_a_card_and_a_tap_confirms_all_of_it_once(chat, standin):
    assert chat.say(NOTE) == ""
    (sent,) = standin.sent
    card = sent["template_card"]
    assert (sent["touser"], sent["agentid"], sent["msgtype"]) == ("zhangsan", 7, "template_card")
    assert {"keyname": "预算来源", "value": "政府拨款"} in card["horizontal_content_list"]
    assert card["card_action"]["url"].startswith("https://crm.example/c/")
    answer = chat.tap(card, "confirm")
    count = len(chat.states(card))
    assert "<MsgType><![CDATA[update_button]]></MsgType>" in answer
    assert f"<ReplaceName><![CDATA[已确认 {count} 项]]></ReplaceName>" in answer
    assert chat.states(card) == ["confirmed"] * count
    assert f"已确认 {count} 项" in chat.tap(card, "confirm")
    assert "都已经处理过了" in chat.tap(card, "reject", at=1773800501)
    assert "已撤销" in chat.say("撤销")
    assert chat.states(card) == ["pending"] * count


def test_a_tap_rejects_and_leaves_what_was_decided_before(chat, standin):
    chat.say(NOTE)
    card = standin.sent[0]["template_card"]
    assert "已更正" in chat.say("改1 李建国")
    assert "已否决" in chat.tap(card, "reject")
    assert set(chat.states(card)) == {"corrected", "rejected"}


def test_only_the_author_may_tap_and_only_on_a_card_of_ours(chat, standin):
    chat.say(NOTE)
    card = standin.sent[0]["template_card"]
    assert "不是发给您的" in chat.tap(card, "confirm", person="lisi")
    assert "不是发给您的" in chat.tap({"task_id": f"{ID}@0a1b2c3d"}, "confirm")
    assert chat.tap({"task_id": "another-app"}, "confirm") == ""
    assert set(chat.states(card)) == {"pending"}


def test_a_card_answered_elsewhere_loses_its_buttons_once(chat, standin):
    chat.say(NOTE)
    card = standin.sent[0]["template_card"]
    chat.work()
    assert not standin.updated
    chat.decide(card, "confirm")
    chat.work()
    chat.work()
    (made,) = standin.updated
    assert (made["userids"], made["agentid"], made["response_code"]) == (["zhangsan"], 7, "code-1")
    assert made["button"] == {"replace_name": "已处理"}
    assert "已撤销" in chat.say("撤销")
    chat.work()
    assert len(standin.updated) == 1


def test_a_tapped_card_is_not_changed_again(chat, standin):
    chat.say(NOTE)
    assert "已确认" in chat.tap(standin.sent[0]["template_card"], "confirm")
    chat.work()
    assert not standin.updated


def test_a_card_past_its_time_says_so(chat, standin):
    chat.say(NOTE)
    with chat.client.app.state.database.write() as connection:
        connection.execute(update(suggestions).values(expires_at=now() - timedelta(seconds=1)))
    chat.work()
    assert [made["button"]["replace_name"] for made in standin.updated] == ["已过期"]
    assert label({"superseded"}) == "笔记已更新"
    assert label({"superseded", "confirmed"}) == "已处理"


def test_a_busy_wecom_is_asked_again_later_and_an_old_card_no_more(chat, standin):
    chat.say(NOTE)
    chat.decide(standin.sent[0]["template_card"], "confirm")
    standin.faults = [{"errcode": 45009, "errmsg": "api freq out of limit"}]
    state = chat.client.app.state
    assert close_card(state.database, state.senders)
    assert not close_card(state.database, state.senders), "not before its time"
    state.wecom._quiet_until = 0.0
    with state.database.write() as connection:
        connection.execute(update(table).values(next_at=now()))
    chat.work()
    assert len(standin.updated) == 1
    with state.database.write() as connection:
        connection.execute(update(table).values(next_at=now(), sent_at=now() - cards.GOOD))
        assert not cards.anything_due(connection)
        cards.sweep(connection)
        assert cards.take(connection) is None


def test_where_no_card_can_be_sent_the_text_answers(chat, standin):
    standin.faults = [{"errcode": 60020, "errmsg": "not allow to access from your ip"}]
    answer = chat.say(NOTE)
    assert "政府拨款" in answer
    assert "https://crm.example/c/" in answer
    assert not standin.sent
    assert "已确认" in chat.say("1")


def test_a_morning_digest_reaches_the_rep_by_the_same_app(chat, standin, rules):
    chat.say(NOTE)
    chat.say("1")
    app = chat.client.app
    with app.state.database.write() as connection:
        digests.make(connection, "demo", rules.contract, date.today() + timedelta(days=1), pushed=["wecom"])
    while send_digest(app.state.database, app.state.senders):
        pass
    (sent,) = [message for message in standin.sent if message["msgtype"] == "text"]
    assert sent["touser"] == "zhangsan"
    assert "恒力机械" in sent["text"]["content"]


def test_cards_want_a_secret_and_an_agent(monkeypatch):
    monkeypatch.setenv("FIELDNOTE_WECOM_CARDS", "1")
    with pytest.raises(SettingsError, match="FIELDNOTE_WECOM_SECRET"):
        load_settings()
