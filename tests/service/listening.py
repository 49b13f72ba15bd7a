"""A listener for webhooks on a port of this machine: keeps what it is sent, answers what it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer


class Listener:
    """A server that keeps what it is sent; `answers` are the status codes it gives, then 200."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                listener.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(listener.answers.pop(0) if listener.answers else 200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook"

    @property
    def events(self) -> list[dict]:
        return [json.loads(body) for _, body in self.got]


@contextmanager
def listening() -> Iterator[Listener]:
    made = Listener()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
