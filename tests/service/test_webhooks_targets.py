"""Where events may go: no way around the guard, by spelling, by name or by embedding."""

from __future__ import annotations

import contextlib
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.problems import ServiceError
from service.webhooks.targets import check_target, is_public

RESOLVE = socket.getaddrinfo
INSIDE = """
0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.168.0.0/16
192.88.99.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
::/128 ::1/128 ::/96 100::/64 2001::/32 2001:db8::/32 fc00::/7 fe80::/10 fec0::/10 ff00::/8 3fff::/20 64:ff9b:1::/48
""".split()
INSIDE_V4 = [IPv4Network(net) for net in INSIDE if ":" not in net]


@st.composite
def inside(draw, nets=INSIDE):
    """An address of a network that is not public unicast."""
    net = ip_network(draw(st.sampled_from(nets)))
    return net[draw(st.integers(0, min(net.num_addresses - 1, 2**64)))]


def refusal(url: str, *, allow_private: bool = False) -> str:
    with pytest.raises(ServiceError) as caught:
        check_target(url, allow_private=allow_private)
    assert caught.value.status == 422
    return caught.value.code


@settings(deadline=None)
@given(inside())
def test_no_special_network_is_public(address):
    assert not is_public(str(address))


@settings(deadline=None)
@given(inside([net for net in INSIDE if ":" not in net]), st.sampled_from(["mapped", "6to4", "nat64"]))
def test_an_embedded_private_address_is_not_public(address, how):
    number = int(address)
    bases = {"mapped": 0xFFFF << 32, "6to4": 0x2002 << 112, "nat64": 0x64FF9B << 96}
    assert not is_public(str(IPv6Address(bases[how] + (number << 80 if how == "6to4" else number))))


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_all_other_v4_addresses_are_public(address):
    assert is_public(str(address)) != any(address in net for net in INSIDE_V4)
    assert is_public(str(address)) == is_public(f"::ffff:{address}")


def test_public_v6():
    assert is_public("2606:4700:4700::1111")
    assert is_public("64:ff9b::808:808")


@settings(deadline=None)
@given(inside())
def test_a_private_literal_is_refused_unless_allowed(address):
    host = f"[{address}]" if address.version == 6 else str(address)
    assert refusal(f"http://{host}/hooks") == "webhook.private_target"
    with contextlib.suppress(ServiceError):  # a host without IPv6 may not resolve it at all
        (found,) = check_target(f"http://{host}/hooks", allow_private=True).addresses
        assert ip_address(found) == address


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
     "0", "169.254.169.254", "[fd00:ec2::254]", "127。0。0。1", "①②⑦.0.0.1"],
)  # fmt: skip
def test_every_spelling_of_an_inside_address_is_refused(host):
    assert refusal(f"https://{host}/hooks") in {"webhook.private_target", "webhook.unresolved", "webhook.bad_url"}


@pytest.mark.parametrize(
    "url",
    ["", "crm.example.com/x", "//crm.example.com/x", "ftp://crm.example.com/x", "file:///etc/passwd", "gopher://x/",
     "http://", "http:///x", "https://user:pw@crm.example.com/", "https://user@crm.example.com/", "http://[::1",
     "http://x:99999/", "http://x:0/", "http://x:port/", "http://a\nb/", "https://" + "a" * 3000],
)  # fmt: skip
def test_a_bad_url_is_refused(url):
    assert refusal(url, allow_private=True) == "webhook.bad_url"


def test_an_unknown_name_is_unresolved():
    assert refusal("https://no-such-host.invalid/x", allow_private=True) == "webhook.unresolved"


def numeric_only(host, port, **options):
    """The resolver without a network: spellings of addresses, no names."""
    return RESOLVE(host, port, flags=socket.AI_NUMERICHOST, **options)


STARTS = ["", "http://", "https://", "http://[", "https://a@", "http://127.0.0.1:"]


@settings(deadline=None)
@given(st.text(max_size=60), st.sampled_from(STARTS))
def test_any_text_is_refused_or_judged(text, start):
    """No text makes it crash, and nothing is let through to an inside address."""
    with pytest.MonkeyPatch.context() as patch, contextlib.suppress(ServiceError):
        patch.setattr(socket, "getaddrinfo", numeric_only)
        assert all(map(is_public, check_target(start + text, allow_private=False).addresses))


def answers(*addresses: str):
    """A name server that knows one answer."""
    rows = [(socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, 443)) for a in addresses]
    return lambda *_, **__: rows


def test_one_inside_address_among_public_ones_is_enough_to_refuse(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", answers("1.1.1.1", "10.0.0.7"))
    assert refusal("https://crm.example.com/x") == "webhook.private_target"
    assert check_target("https://crm.example.com/x", allow_private=True).addresses == ("1.1.1.1", "10.0.0.7")


def test_a_public_target_keeps_its_addresses_in_order(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", answers("2606:4700:4700::1111", "1.1.1.1", "1.1.1.1"))
    assert check_target("https://crm.example.com/x", allow_private=False).addresses == (
        "2606:4700:4700::1111",
        "1.1.1.1",
    )
