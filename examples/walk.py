"""The whole walk in one go: message in, reply out, confirmation, the CRM hears of it, lineage printed.

Everything runs on this machine, in a folder that is gone afterwards: the service as its own process, a small listener
as the CRM. Every step is an ordinary HTTP call, as any bot or CRM would make it.
"""

from __future__ import annotations

import tempfile
from typing import Any

import httpx
from rich.console import Console
from standardwebhooks import Webhook

from benchmarks.running import Delivery, Listener, Service, listener
from service.store.database import open_database
from service.store.keys import create_key

NOTE = "拜访了恒力机械，王总说要等财政拨款，预算大概八十万，明年要扩建两条产线，下周三带样品上门"
CUSTOMER = "恒力机械"
SENT_AT = "2026-03-18T10:20:00+08:00"
WAIT = 60  # seconds until an event must have arrived


def main() -> None:
    """Print every step; ends with an error where one does not do what it should."""
    console = Console()
    with tempfile.TemporaryDirectory() as folder, listener() as crm:
        url = f"sqlite:///{folder}/walk.db"
        service = Service(url)
        service.start()
        try:
            with httpx.Client(base_url=service.url, headers=_key(url), timeout=30) as client:
                walk(client, crm, console)
        finally:
            service.stop()


def walk(client: httpx.Client, crm: Listener, console: Console) -> None:
    """The six steps, over `client` (its key may extract, confirm and manage)."""
    console.rule("1 CRM 订阅事件")
    events = ["field.confirmed", "field.corrected", "strategy.triggered"]
    hook = _ok(client.post("/v1/webhooks", json={"url": crm.url, "events": events}))
    console.print(f"订阅 {hook['id']}：{'、'.join(events)}")

    console.rule("2 销售在聊天里发来一条笔记")
    console.print(NOTE)
    answer = _ok(client.post("/v1/channels/wechat/messages", json=_message("m1", NOTE)))
    console.rule("3 机器人的回复")
    console.print(answer["reply"], markup=False, highlight=False)

    console.rule("4 销售回「1」，全部确认")
    console.print(_ok(client.post("/v1/channels/wechat/messages", json=_message("m2", "1")))["reply"], markup=False)

    console.rule("5 CRM 收到的事件（签名已核对）")
    values = _ok(client.get(f"/v1/customers/{CUSTOMER}/fields"))["fields"]
    assert values, "没有确认的值"
    assert crm.wait_for(len(values), seconds=WAIT), "事件没有到达"
    for delivery in list(crm.received):
        console.print(_line(delivery, hook["secret"]), markup=False, highlight=False)

    console.rule("6 这个值从哪里来")
    trace = _ok(client.get(f"/v1/customers/{CUSTOMER}/fields/budget_source/lineage"))
    for node in trace["nodes"]:
        console.print(_node(node), markup=False, highlight=False)


def _key(url: str) -> dict[str, str]:
    database = open_database(url)
    with database.write() as connection:
        key = create_key(connection, "demo", ["extract", "confirm", "manage"], name="walk")
    database.close()
    return {"Authorization": f"Bearer {key}"}


def _message(name: str, text: str) -> dict[str, str]:
    return {"message_id": name, "from": "小李", "text": text, "sent_at": SENT_AT, "customer": CUSTOMER}


def _ok(answer: httpx.Response) -> dict[str, Any]:
    answer.raise_for_status()
    body: dict[str, Any] = answer.json()
    return body


def _line(delivery: Delivery, secret: str) -> str:
    Webhook(secret).verify(delivery.raw, delivery.headers)
    event = delivery.event
    data = event["data"]
    return f"{event['type']}  {data['field']} = {data['value']}"


def _node(node: dict[str, Any]) -> str:
    shown = {
        "value": ("value", "version", "confirmed_by"), "decision": ("action", "by", "at", "channel"),
        "suggestion": ("value", "confidence", "why"), "evidence": ("start", "end", "text"),
        "note": ("message_id", "sent_at", "author"), "rule": ("source", "bundle"), "model": ("source", "bundle"),
    }  # fmt: skip
    return f"{node['kind']:<10} " + "  ".join(f"{key}={node.get(key)}" for key in shown[node["kind"]])


if __name__ == "__main__":
    main()
