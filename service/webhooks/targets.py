"""Where events may go: the guard against server-side request forgery (OWASP, SSRF prevention).

A target is judged by the addresses that its name resolves to, never by how its URL looks: `http://0x7f.1`,
`http://2130706433` and a public name that points inside are all loopback or private once resolved. Delivery connects
to the very addresses that were judged, so that a second look-up cannot answer differently (DNS rebinding).
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import httpx

from service.problems import ServiceError

MAX_URL = 2048
_PORTS = {"http": 80, "https": 443}
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
_NOT_PUBLIC: tuple[IPv4Network | IPv6Network, ...] = (
    IPv4Network("100.64.0.0/10"),  # RFC 6598, shared behind carrier NAT
    IPv4Network("192.0.0.0/24"),  # RFC 6890, protocol assignments
    IPv4Network("192.88.99.0/24"),  # RFC 7526, deprecated relays
    IPv6Network("64:ff9b:1::/48"),  # RFC 8215, local translation
    IPv6Network("3fff::/20"),  # RFC 9637, documentation
    IPv6Network("5f00::/16"),  # RFC 9602, segment routing
)


@dataclass(frozen=True, slots=True)
class Target:
    """A judged URL and the numeric addresses it resolved to, best first; connect to these and no others."""

    url: httpx.URL
    addresses: tuple[str, ...]


def check_target(url: str, *, allow_private: bool) -> Target:
    """Judge a webhook's URL and resolve its host (this may wait for DNS).

    Raises ServiceError 422: `webhook.bad_url` (not http or https, credentials, no host), `webhook.unresolved`, and,
    unless `allow_private`, `webhook.private_target` where any one of its addresses is not a public unicast one.
    """
    parsed = _parse(url)
    addresses = _resolve(parsed.raw_host.decode("ascii"), parsed.port or _PORTS[parsed.scheme])
    if not allow_private and not all(map(is_public, addresses)):
        raise _refuse("webhook.private_target", "这个地址指向内网、本机或保留网段，不能作为推送目标；请换成公网地址")
    return Target(parsed, addresses)


def is_public(address: str) -> bool:
    """Whether a numeric address is public unicast; an IPv6 one that embeds an IPv4 one must be so in both readings."""
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        if ip in _NAT64:
            return is_public(str(IPv4Address(int(ip) & 0xFFFFFFFF)))
        embedded = ip.ipv4_mapped or ip.sixtofour
        if embedded is not None:
            return is_public(str(embedded))
        if ip.is_site_local or ip.scope_id is not None:
            return False
    special = ip.is_private or ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_reserved
    return ip.is_global and not special and not ip.is_unspecified and not _listed(ip)


def _listed(ip: IPv4Address | IPv6Address) -> bool:
    return any(ip.version == net.version and ip in net for net in _NOT_PUBLIC)


def _parse(url: str) -> httpx.URL:
    if len(url) > MAX_URL:
        raise _refuse("webhook.bad_url", f"推送地址最多 {MAX_URL} 个字符")
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        raise _refuse("webhook.bad_url", "推送地址不是合法的网址，例如 https://crm.example.com/hooks") from None
    if parsed.scheme not in _PORTS:
        raise _refuse("webhook.bad_url", "推送地址要以 https:// 或 http:// 开头")
    if parsed.userinfo:
        raise _refuse("webhook.bad_url", "推送地址里不能带用户名或密码；验证来源请用签名")
    if parsed.port is not None and not 1 <= parsed.port <= 65535:
        raise _refuse("webhook.bad_url", "推送地址的端口要在 1 到 65535 之间")
    if not parsed.raw_host:
        raise _refuse("webhook.bad_url", "推送地址缺少主机名")
    return parsed


def _resolve(host: str, port: int) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError):  # unknown name, or a label that no name can have
        raise _refuse("webhook.unresolved", f"找不到主机 {host[:100]!r}；请检查拼写或稍后再试") from None
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def _refuse(code: str, detail: str) -> ServiceError:
    return ServiceError(422, code, detail)
