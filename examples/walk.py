"""The whole walk on a service of its own: message in, reply out, confirmation, webhook received, lineage."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import httpx
from rich.console import Console
from standardwebhooks import Webhook

NOTE = "恒力机械的王总说要等财政拨款，明年要扩建两条产线，下周三带样品上门"
SHOWN = ("value", "by", "why", "text", "source", "confidence", "sent_at")
Event = tuple[dict[str, str], str]


def main() -> None:
    """Start, walk, stop; every step is printed."""
    console = Console()
    with tempfile.TemporaryDirectory() as folder, _listener() as (hook, events), _service(Path(folder)) as client:
        console.rule("CRM 订阅 webhook")
        wanted = {"url": hook, "events": ["field.confirmed", "field.corrected", "strategy.triggered"]}
        secret = _ok(client.post("/v1/webhooks", json=wanted))["secret"]
        console.print(f"{hook}，签名密钥 {secret[:12]}…")
        console.rule("销售在群里转发一句话")
        said = {"from": "小李", "sent_at": "2026-03-18T10:20:00+08:00", "customer": "恒力机械"}
        for number, text in enumerate((NOTE, "改2 王建国", "好")):
            message = {**said, "message_id": str(number), "text": text}
            answer = _ok(client.post("/v1/channels/wechat/messages", json=message))
            console.print(f"[bold]小李：[/]{text}\n[green]{answer['reply']}[/]\n", soft_wrap=True)
        console.rule("CRM 收到的事件（签名已验证）")
        fields = _ok(client.get(f"/v1/extractions/{answer['extraction_id']}"))["fields"]
        for headers, body in _wait_for(events, sum(f["state"] in ("confirmed", "corrected") for f in fields)):
            event: Any = Webhook(secret).verify(body, headers)
            data = event["data"]
            value = json.dumps(data["value"], ensure_ascii=False)
            console.print(f"{event['type']}  {data['field']} = {value}  {data.get('text', '')}", soft_wrap=True)
        console.rule("「预算来源」从哪来")
        found = _ok(client.get("/v1/customers/恒力机械/fields/budget_source/lineage"))
        for node in found["nodes"]:
            shown = {k: v for k, v in node.items() if k in SHOWN}
            console.print(f"{node['kind']:>10}  {json.dumps(shown, ensure_ascii=False)}", soft_wrap=True)


def _ok(answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json()


@contextmanager
def _service(folder: Path) -> Iterator[httpx.Client]:
    """`fieldnote serve` on a free port with a fresh database, and a client with a key."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    url = f"sqlite:///{folder}/demo.db"
    address = f"http://127.0.0.1:{port}"
    env = {**os.environ, "FIELDNOTE_DATABASE_URL": url, "FIELDNOTE_WEBHOOK_ALLOW_PRIVATE": "1"}
    env["FIELDNOTE_PUBLIC_URL"] = address
    fieldnote = [sys.executable, "-m", "service"]
    made = subprocess.run(
        [*fieldnote, "keys", "create", "--tenant", "demo", "--scopes", "extract,confirm,manage"],
        env=env, check=True, capture_output=True, text=True,
    )  # fmt: skip
    server = subprocess.Popen([*fieldnote, "serve", "--port", str(port)], env=env, stdout=subprocess.DEVNULL)
    headers = {"Authorization": f"Bearer {made.stdout.split()[-1]}"}
    try:
        with httpx.Client(base_url=address, headers=headers, timeout=30) as client:
            _until_ready(client)
            yield client
    finally:
        server.terminate()
        server.wait(timeout=30)


def _until_ready(client: httpx.Client) -> None:
    for _ in range(1200):
        try:
            if client.get("/health/ready").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise SystemExit("服务两分钟内没有启动")


@contextmanager
def _listener() -> Iterator[tuple[str, Queue[Event]]]:
    """A small CRM: it keeps what it is sent."""
    events: Queue[Event] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            events.put(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/crm", events
    finally:
        server.shutdown()
        server.server_close()


def _wait_for(events: Queue[Event], decided: int) -> Iterator[Event]:
    """Events as they come, until every decision has been told; a customer's events come in order."""
    while decided:
        headers, body = events.get(timeout=60)
        decided -= json.loads(body)["type"].startswith("field.")
        yield headers, body


if __name__ == "__main__":
    main()
