"""A service as its own process, and a small listener that stands for the CRM."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from benchmarks import BenchError
from benchmarks.postgres import free_port

START = "from service.cli import main; main()"
START_SECONDS = 120


def wait_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    """Until `/health/ready` answers 200. Raises BenchError where the process ends or takes too long."""
    end = time.monotonic() + START_SECONDS
    with httpx.Client(timeout=5) as client:
        while time.monotonic() < end:
            if process.poll() is not None:
                raise BenchError(f"服务没有起来（退出码 {process.returncode}）")
            try:
                if client.get(f"{url}/health/ready").status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.1)
    raise BenchError(f"服务 {START_SECONDS} 秒内没有就绪")


def processor_seconds(pid: int) -> float:
    """Processor time of a process and of its children, living or waited for (Linux: `/proc/PID/stat`, fields 14–17)."""
    found = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children")
    below = children.read_text(encoding="utf-8").split() if children.is_file() else []
    own = sum(map(int, found[11:15])) / os.sysconf("SC_CLK_TCK")
    return own + sum(processor_seconds(int(child)) for child in below)


@dataclass(slots=True)
class Service:
    """`fieldnote serve` on a port of this machine; `kill` is SIGKILL, `stop` is SIGTERM."""

    database_url: str
    port: int = field(default_factory=free_port)
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until it is ready. Raises BenchError where it ends instead."""
        command = [sys.executable, "-c", START, "serve", "--port", str(self.port)]
        given = {"FIELDNOTE_DATABASE_URL": self.database_url, "FIELDNOTE_WEBHOOK_ALLOW_PRIVATE": "1"}
        environment = {**os.environ, **given, **self.environment}
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        wait_ready(self.url, self.process)

    def kill(self) -> None:
        """As a power cut would."""
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.kill()


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request that arrived: its headers (lower case) and its body, raw and read."""

    headers: dict[str, str]
    raw: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.raw)
        return event


@dataclass(slots=True)
class Listener:
    """What the CRM has received so far, in order of arrival."""

    url: str
    received: list[Delivery] = field(default_factory=list)

    def wait_for(self, count: int, *, seconds: float) -> bool:
        """Whether so many different events have arrived in time."""
        end = time.monotonic() + seconds
        while len({d.id for d in list(self.received)}) < count:
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True


@contextmanager
def listener() -> Iterator[Listener]:
    """A listener on a free port that answers 204 to every POST."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", 0)))
            made.received.append(Delivery({k.lower(): v for k, v in self.headers.items()}, raw))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """A sender that was killed in the middle is nothing to tell of."""

    server = Server(("127.0.0.1", 0), Handler)
    made = Listener(f"http://127.0.0.1:{server.server_address[1]}/hook")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
