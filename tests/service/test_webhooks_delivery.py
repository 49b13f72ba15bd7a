"""Deliveries to real local listeners: one request, the judged address, within the time, whatever the receiver does."""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import json
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from standardwebhooks import Webhook

from service.webhooks.delivery import MAX_ANSWER, Outcome, deliver
from service.webhooks.sign import event_bytes, new_secret, signed_headers


class Receiver(http.server.BaseHTTPRequestHandler):
    """Answers by path: a status, a redirect, a flood, a drip, or nothing at all; remembers what it got."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.seen.append((self.path, dict(self.headers.items()), body))
        with contextlib.suppress(OSError):
            self.reply()

    def reply(self):
        match self.path.strip("/").partition("?")[0]:
            case "flood":
                self.head(200, {"content-length": str(MAX_ANSWER * 64)})
                for _ in range(64):
                    self.wfile.write(b"x" * MAX_ANSWER)
            case "drip":
                for _ in range(600):
                    self.wfile.write(b"H")
                    self.server.stopped.wait(0.05)
            case "hang":
                self.head(200, {"content-length": "10"})
                self.server.stopped.wait(30)
            case "silence":
                self.close_connection = True
            case "redirect":
                self.head(302, {"location": "/200", "content-length": "0"})
            case status:
                self.head(int(status), {"content-length": "0"})

    def head(self, status, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *args):
        pass


class Listener(http.server.ThreadingHTTPServer):
    """A local receiver; `seen` holds (path, headers, body) of every request."""

    def __init__(self, tls: ssl.SSLContext | None = None):
        super().__init__(("127.0.0.1", 0), Receiver)
        self.seen, self.stopped = [], threading.Event()
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)

    def handle_error(self, request, client_address):
        pass  # a client that breaks off is what some of these tests are about


@contextlib.contextmanager
def listening(tls: ssl.SSLContext | None = None):
    with Listener(tls) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.stopped.set()
            server.shutdown()
            thread.join()


@pytest.fixture
def listener():
    with listening() as server:
        yield server


def send(server: Listener, path: str, *, timeout: float = 5.0, host: str = "127.0.0.1") -> Outcome:
    return deliver(
        f"http://{host}:{server.server_port}/{path}", b"{}", {"webhook-id": "e"}, allow_private=True, timeout=timeout
    )


def test_what_arrives_verifies_as_it_was_signed(listener):
    secret, now = new_secret(), datetime.now(UTC)
    body = event_bytes({"type": "field.confirmed", "data": {"customer": "宏发", "value": "政府拨款"}})
    headers = signed_headers(body, message_id="evt_9", at=now, secrets=[secret])
    url = f"http://127.0.0.1:{listener.server_port}/200?k=1"
    assert deliver(url, body, headers, allow_private=True) == Outcome(status=200)
    ((path, got, sent),) = listener.seen
    assert path == "/200?k=1"
    assert sent == body
    assert got["host"] == f"127.0.0.1:{listener.server_port}"
    assert Webhook(secret).verify(sent, got) == json.loads(body)


def test_inside_an_event_loop_it_refuses_before_anything_is_sent(listener):
    async def inside() -> Outcome:
        return send(listener, "200")

    with pytest.raises(RuntimeError, match="no event loop"):
        asyncio.run(inside())
    assert not listener.seen


@pytest.mark.parametrize(
    ("status", "delivered", "gone"), [(204, True, False), (410, False, True), (429, False, False), (500, False, False)]
)
def test_only_2xx_is_delivered(listener, status, delivered, gone):
    outcome = send(listener, str(status))
    assert (outcome.status, outcome.delivered, outcome.gone) == (status, delivered, gone)
    assert delivered or str(status) in outcome.message


def test_redirects_are_not_followed(listener):
    outcome = send(listener, "redirect")
    assert (outcome.status, outcome.delivered, len(listener.seen)) == (302, False, 1)


@pytest.mark.parametrize("path", ["flood", "hang"])
def test_a_body_that_does_not_end_changes_nothing(listener, path):
    assert send(listener, path) == Outcome(status=200)


def test_a_head_that_drips_runs_into_the_clock(listener):
    assert send(listener, "drip", timeout=0.4) == Outcome(error="timeout")


def test_an_end_without_an_answer_is_a_protocol_error(listener):
    outcome = send(listener, "silence")
    assert outcome == Outcome(error="protocol")
    assert outcome.message == "对方的答复不是合法的 HTTP"


def test_nobody_there():
    with listening() as server:
        port = server.server_port
    assert deliver(f"http://127.0.0.1:{port}/", b"", {}, allow_private=True) == Outcome(error="connect")


def test_a_private_target_is_never_contacted(listener):
    url = f"http://localhost:{listener.server_port}/200"
    assert deliver(url, b"{}", {}, allow_private=False) == Outcome(error="refused")
    assert deliver("http://no-such-host.invalid/", b"", {}, allow_private=False) == Outcome(error="unresolved")
    assert listener.seen == []


def test_proxies_of_the_environment_are_not_asked(listener, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert send(listener, "200").delivered


def resolver(monkeypatch, *answers: tuple[str, ...]) -> list[str]:
    """A name server that gives these answers in turn; returns the list of names it was asked."""
    asked, left, real = [], list(answers), socket.getaddrinfo

    def look_up(host, port, *args, **options):
        if host != "hooks.example.com":
            return real(host, port, *args, **options)
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in left.pop(0)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


def test_the_connection_goes_to_the_judged_address(listener, monkeypatch):
    """A name that would answer differently a moment later is asked once only."""
    asked = resolver(monkeypatch, ("127.0.0.1",), ("192.0.2.1",))
    assert send(listener, "200", host="hooks.example.com").delivered
    assert asked == ["hooks.example.com"]
    assert listener.seen[0][1]["host"] == f"hooks.example.com:{listener.server_port}"


def test_the_next_address_is_tried_where_one_refuses(listener, monkeypatch):
    resolver(monkeypatch, ("127.0.0.2", "127.0.0.1"))
    assert send(listener, "200", host="hooks.example.com").delivered


def certificate(folder, name: str) -> tuple[str, ssl.SSLContext]:
    """A self-signed certificate for one name: its file, as an authority, and the listener's side of TLS."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    signed = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    file, key_file = folder / "cert.pem", folder / "key.pem"
    file.write_bytes(signed.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key_file)
    return str(file), context


@pytest.mark.parametrize(
    ("name", "trusted", "expected"),
    [
        ("hooks.example.com", True, Outcome(status=200)),
        ("hooks.example.com", False, Outcome(error="tls")),
        ("other.example.com", True, Outcome(error="tls")),
    ],
)
def test_tls_is_verified_under_the_target_s_own_name(tmp_path, monkeypatch, name, trusted, expected):
    authority, context = certificate(tmp_path, name)
    asked_for = []
    context.sni_callback = lambda _socket, sni, _context: asked_for.append(sni)
    resolver(monkeypatch, ("127.0.0.1",))
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", authority)
    with listening(context) as server:
        url = f"https://hooks.example.com:{server.server_port}/200"
        assert deliver(url, b"{}", {}, allow_private=True, timeout=5) == expected
    assert asked_for == ["hooks.example.com"]
