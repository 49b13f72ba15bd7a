"""The morning digest and the retention of texts: what the worker does as time goes by. On SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select, text, update

from service.digest import Line, Morning, build, due_day
from service.store.audit import verify
from service.store.database import now
from service.store.tables import digests, notes, outbox, reconfirmations
from service.tidy import send_digest, tidy
from service.wecom.api import SendError

ON = {"digest": {"on": True, "hour": 8}, "retention_days": None}


class Phone:
    """A sender that keeps what it is given; refuses as often as it is told to."""

    def __init__(self, refusals: int = 0) -> None:
        self.said: list[tuple[str, str]] = []
        self.refusals = refusals

    def send(self, person: str, text: str) -> None:
        if self.refusals:
            self.refusals -= 1
            raise SendError("busy", "later")
        self.said.append((person, text))


def morning_after() -> datetime:
    """Half past eight in China on the day after today: today is its yesterday."""
    today = (now() + timedelta(hours=8)).date()
    return datetime.combine(today, datetime.min.time(), UTC) + timedelta(days=1, minutes=30)


def look(door, sender: Phone, at: datetime) -> None:
    tidy(door.database, door.app.state.engine.contract, {("demo", "wecom"): sender}, at)


def ready(door) -> list[dict]:
    with door.database.read() as connection:
        rows = connection.execute(select(outbox.c.body).where(outbox.c.type == "digest.ready"))
        return [r.body["data"] for r in rows]


def test_a_digest_reads_well():
    morning = Morning(
        "小李",
        date(2026, 3, 19),
        [Line("恒力机械", ["预算来源 政府拨款"])],
        [Line("天成", list("甲乙丙丁戊己"))],
        waiting=2,
    )
    assert build(morning).splitlines() == [
        "早上好，小李。03月19日：", "昨天确认：", "· 恒力机械：预算来源 政府拨款", "待确认：2 条", "还缺：",
        "· 天成：甲、乙、丙、丁、戊 等 6 项",
    ]  # fmt: skip
    assert build(Morning("小李", date(2026, 3, 19))) == ""


def test_a_digest_is_due_in_the_morning_of_china():
    hours = [due_day(datetime(2026, 3, 18, h, 30, tzinfo=UTC), 8) for h in (23, 0, 3, 4)]
    assert hours == [None, date(2026, 3, 18), date(2026, 3, 18), None]
    assert due_day(datetime(2026, 3, 18, 16, 30, tzinfo=UTC), 0) == date(2026, 3, 19)


def test_each_rep_hears_once_a_day(door):
    note = door.note("王总说要等财政拨款", author="小李", channel="wecom")
    door.note("预算八十万", author="小王", customer="天成")
    door.decide(note, {"field": "budget_source", "action": "confirm"})
    newer = door.note("不走财政拨款了", author="小李", channel="wecom", sent_at="2026-03-20T10:20:00+08:00")
    with door.database.write() as connection:
        asked = connection.execute(select(reconfirmations)).one()
        assert asked.extraction == newer["id"]
        connection.execute(update(reconfirmations).values(due_at=now()))
    phone, at = Phone(refusals=1), morning_after()
    look(door, phone, at)  # switched off
    assert ready(door) == []
    assert door.client.put("/v1/settings", json=ON).json() == ON
    for moment in (at, at + timedelta(minutes=1)):
        look(door, phone, moment)
    assert sorted(d["rep"] for d in ready(door)) == ["小李", "小王"]
    assert send_digest(door.database, {("demo", "wecom"): phone})  # refused
    assert not send_digest(door.database, {("demo", "wecom"): phone})  # leased
    with door.database.write() as connection:
        connection.execute(update(digests).where(digests.c.next_at.is_not(None)).values(next_at=now()))
    assert send_digest(door.database, {("demo", "wecom"): phone})
    assert not send_digest(door.database, {("demo", "wecom"): phone})
    ((person, said),) = phone.said
    assert person == "小李"
    assert "· 恒力机械：预算来源 政府拨款" in said
    assert "要复核（已过时限）：\n· 恒力机械：预算来源" in said
    with door.database.read() as connection:
        assert {row.text for row in connection.execute(select(digests))} == {""}


def test_two_workers_make_one_digest(door):
    from concurrent.futures import ThreadPoolExecutor

    door.note("预算八十万", author="小李")
    door.client.put("/v1/settings", json=ON)
    at = morning_after()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: look(door, Phone(), at), range(8)))
    assert len(ready(door)) == 1


def test_texts_go_when_their_time_is_over(door):
    note = door.note("王总电话13800138000，预算八十万", author="小李")
    door.decide(note, {"field": "budget_amount", "action": "confirm"}, **{"Idempotency-Key": "k"})
    reply = {"message_id": "m1", "from": "小李", "text": "王总电话13800138000", "sent_at": "2026-03-18T10:20:00+08:00"}
    door.client.post("/v1/channels/wechat/messages", json=reply)
    kept = door.note("王总电话13900139000", author="小李")
    with door.database.write() as connection:
        old = now() - timedelta(days=40)
        connection.execute(update(notes).where(notes.c.text.contains("13800138000")).values(created_at=old))
        connection.execute(text("UPDATE outbox SET created_at = :old, spread_at = :old"), {"old": old.isoformat()})
    look(door, Phone(), now())  # nothing said about retention: nothing goes
    assert door.client.get(f"/v1/extractions/{note['id']}").json()["note"]["text"]
    door.client.put("/v1/settings", json={"retention_days": 30})
    look(door, Phone(), now())
    assert door.values()["budget_amount"]["min"] == 800_000
    assert door.client.get(f"/v1/extractions/{kept['id']}").json()["note"]["text"]
    with door.database.read() as connection:
        tables = ("notes", "decisions", "outbox", "audit", "idempotency", "messages")
        everything = [str(r) for t in tables for r in connection.execute(text(f"SELECT * FROM {t}"))]
        assert not [row for row in everything if "13800138000" in row]
        quoted = connection.execute(text("SELECT data FROM suggestions")).all()
        assert not [row for row in quoted if "王总电话13800138000" in str(row)]
        assert list(verify(connection)) == []


def test_settings_out_of_bounds_are_refused(door):
    for wrong in ({"digest": {"on": True, "hour": 25}}, {"retention_days": 0}, {"write": {}}):
        assert door.client.put("/v1/settings", json=wrong).status_code == 422
    rep = door.key("demo", "extract", "confirm")
    assert door.client.get("/v1/settings", headers=rep).status_code == 403
