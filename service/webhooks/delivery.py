"""One attempt to deliver an event: to the judged address and no other, no redirects, within a time limit."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

import httpx

from service.problems import ServiceError
from service.webhooks.targets import Target, check_target

MAX_ANSWER = 64 * 1024  # bytes of the answer's body that are read (and thrown away)
_DRAIN_SECONDS = 1
Failure = Literal["refused", "unresolved", "connect", "tls", "timeout", "protocol"]
_WORDS: dict[Failure, str] = {
    "refused": "推送地址不被允许（内网、本机或不合法）",
    "unresolved": "找不到推送地址的主机",
    "connect": "连不上对方的服务器",
    "tls": "对方的 HTTPS 证书或加密连接有问题",
    "timeout": "对方没有在时限内答复",
    "protocol": "对方的答复不是合法的 HTTP",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt: the HTTP status, or the kind of failure where there was no answer."""

    status: int | None = None
    error: Failure | None = None

    @property
    def delivered(self) -> bool:
        """Any 2xx; everything else, redirects included, is to be tried again (Standard Webhooks)."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """410: the receiver wants no more events; the subscription should be switched off (Standard Webhooks)."""
        return self.status == 410

    @property
    def message(self) -> str:
        """One Chinese sentence for the list of failed deliveries."""
        if self.error is not None:
            return _WORDS[self.error]
        return "已送达" if self.delivered else f"对方答复 {self.status}"


def deliver(
    url: str, body: bytes, headers: Mapping[str, str], *, allow_private: bool, timeout: float = 10.0
) -> Outcome:
    """POST `body` once. `timeout` in seconds holds for connecting, sending and the whole answer's head together.

    Never raises for what the network or the receiver does. Blocks, and runs an event loop of its own for the time of
    the request (one clock over name, connection and answer): call it from a thread without one, as the worker's are.
    Raises RuntimeError inside a running loop, before anything is sent.
    """
    _off_the_loop()
    try:
        target = check_target(url, allow_private=allow_private)
    except ServiceError as error:
        return Outcome(error="unresolved" if error.code == "webhook.unresolved" else "refused")
    return asyncio.run(_deliver(target, body, headers, timeout))


def _off_the_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError("deliver blocks: call it from a thread that has no event loop")


async def _deliver(target: Target, body: bytes, headers: Mapping[str, str], timeout: float) -> Outcome:
    """Try the addresses in turn until one takes the connection; one clock runs over all of them."""
    outcome = Outcome(error="connect")
    deadline = asyncio.get_running_loop().time() + timeout
    each = httpx.Timeout(timeout, connect=timeout / min(len(target.addresses), 3))
    async with httpx.AsyncClient(verify=tls_context(), trust_env=False, timeout=each) as client:
        for address in target.addresses:
            try:
                return await _post(client, _request(client, target, address, body, headers), deadline)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                outcome = Outcome(error=_failure(error))
            except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
                return Outcome(error=_failure(error))
    return outcome


def _request(
    client: httpx.AsyncClient, target: Target, address: str, body: bytes, headers: Mapping[str, str]
) -> httpx.Request:
    """A request to the numeric address, under the target's own name in Host and in TLS (SNI and certificate)."""
    return client.build_request(
        "POST",
        target.url.copy_with(host=address),
        content=body,
        headers={**headers, "host": target.url.netloc.decode("ascii"), "user-agent": "fieldnote-webhooks"},
        extensions={"sni_hostname": target.url.raw_host.decode("ascii").rstrip(".")},
    )


async def _post(client: httpx.AsyncClient, request: httpx.Request, deadline: float) -> Outcome:
    """Send, and wait for the answer's head until the deadline (seconds of the loop's clock)."""
    async with asyncio.timeout_at(deadline):
        answer = await client.send(request, stream=True, follow_redirects=False)
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            await _drain(answer)
    except (httpx.HTTPError, TimeoutError):
        pass  # the head has decided; what happens to the rest of the answer changes nothing
    finally:
        await answer.aclose()
    return Outcome(status=answer.status_code)


async def _drain(answer: httpx.Response) -> None:
    """Read a little of the body, so that an honest receiver is not cut off; raw, so that nothing is unpacked."""
    async for _ in answer.aiter_raw():
        if answer.num_bytes_downloaded > MAX_ANSWER:
            return


def _failure(error: Exception) -> Failure:
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return "timeout"
    if isinstance(error, httpx.ConnectError):
        return "tls" if _caused_by_tls(error) else "connect"
    return "protocol"


def _caused_by_tls(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error is not None


def tls_context() -> ssl.SSLContext:
    """Certificates are always verified; `SSL_CERT_FILE` names another set of authorities (a company's own)."""
    return _tls_context(os.environ.get("SSL_CERT_FILE"))


@cache
def _tls_context(authorities: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authorities) if authorities else httpx.create_ssl_context(trust_env=False)
