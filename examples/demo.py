"""The seed sentences drawn, then a tenant `demo` to look around in: users of each role, notes, some of them decided.

    python -m examples.demo [--database-url URL]        the configured database by default; again changes nothing

The password is known to everybody, so the demo refuses to be put into a production database.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import datetime
from itertools import cycle
from pathlib import Path

from rich.console import Console
from rich.table import Table

from extractor.errors import FieldNoteError
from extractor.pipeline import Engine
from extractor.render import result_json
from extractor.types import Note
from service.accounts import create_user
from service.cli.table import show
from service.decide import Decision, Desk
from service.engine import open_engine
from service.records import BadLine, read_lines
from service.settings import load_settings
from service.store import keeping, waiting
from service.store.database import Database, open_database
from service.store.keys import Caller
from service.store.users import find

SENT_AT = datetime.fromisoformat("2026-03-18T10:20+08:00")
SEEDS = (
    "王总说要等财政拨款",
    "下周三带样品上门",
    "客户提到明年要扩建两条产线",
    "关注续航，冬天高速能不能跑够400公里",
    "公司规模挺大的，联系电话 138OO138000",
    "下周三，不对，周四上门；不用等财政了，自己出",
)
TENANT, PASSWORD = "demo", "fieldnote-demo"
USERS = (("小周", "rep"), ("小林", "rep"), ("陈经理", "manager"), ("标注员", "annotator"), ("管理员", "admin"))
SHOWN = "陈经理"  # sells and sees the board
CUSTOMERS = ("恒裕模具", "临江水务", "佳禾食品", "北方重工", "华信物流")
REASONS = ("客户没说", "说的是别家", "已经过时")
DECIDED = 2 / 3  # of the notes; the others wait in the inbox


def main() -> None:
    """Draw the seeds, fill the database, say how to sign in."""
    asked = argparse.ArgumentParser(description="演示：种子句子、演示租户")
    asked.add_argument("--database-url", help="数据库地址，默认 FIELDNOTE_DATABASE_URL 或 sqlite:///fieldnote.db")
    console, engine = Console(), open_engine()
    console.rule("种子句子")
    for number, text in enumerate(SEEDS):
        show(engine.extract(Note(f"seed-{number}", text, SENT_AT)), console=console)
        console.print()
    settings = load_settings(database_url=asked.parse_args().database_url)
    if settings.env == "production":
        raise FieldNoteError("演示账号的密码人人知道，不能写进生产数据库；请换一个数据库，或去掉 FIELDNOTE_ENV")
    database = open_database(settings.database_url)
    seed(database, engine)
    with database.read() as connection:
        left = waiting.count(connection, TENANT, None)
    database.close()
    console.rule("演示账号")
    console.print(account(left))
    console.print(
        f"登录页：{settings.public_url}/signin　租户：{TENANT}　登录名：{SHOWN}　密码：{PASSWORD}", soft_wrap=True
    )


def account(left: int) -> Table:
    """Who may sign in, all with the same password."""
    table = Table("租户", "登录名", "角色", "密码", caption=f"收件箱里有 {left} 条笔记待确认")
    for name, role in USERS:
        table.add_row(TENANT, name, role, PASSWORD)
    return table


def seed(database: Database, engine: Engine) -> None:
    """Users and notes of the demo, once."""
    notes = demo_notes()
    with database.write() as connection:
        if find(connection, TENANT, USERS[0][0]) is not None:
            return
        for name, role in USERS:
            create_user(connection, TENANT, name, role, PASSWORD)
    desk, reasons = Desk(engine.contract), cycle(REASONS)
    for number, (note, result) in enumerate(zip(notes, engine.extract_many(notes), strict=True)):
        caller = Caller(TENANT, str(note.author), frozenset({"extract", "confirm"}))
        with database.write() as connection:
            kept = keeping.keep(connection, caller, note, result_json(result), engine.contract)
            wanted = [
                Decision(f["suggestion_id"], "reject", reason=next(reasons))
                if (number + place) % 7 == 0
                else Decision(f["suggestion_id"], "confirm")
                for place, f in enumerate(kept.answer["fields"])
            ]
            if wanted and number < len(notes) * DECIDED:
                desk.decide(connection, caller, kept.id, wanted, channel="demo")


def demo_notes() -> list[Note]:
    """The sample notes, dealt out to those who sell (the manager too) and to a few customers."""
    reps = cycle(name for name, role in USERS if role in ("rep", "manager"))
    with (Path(__file__).parent / "notes.jsonl").open(encoding="utf-8") as lines:
        notes = [n for n in read_lines(lines) if not isinstance(n, BadLine)]
    return [replace(n, author=next(reps), customer=c) for n, c in zip(notes, cycle(CUSTOMERS), strict=False)]


if __name__ == "__main__":
    main()
