"""Ours and wechatpy's read each other's envelopes; everything forged, old or broken is refused alike."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.enterprise.crypto import PrpCrypto
from wechatpy.exceptions import InvalidSignatureException

from service.wecom.crypto import Keys, Stamp, aes_bytes, decrypt, echo, encrypt, sign, verify
from service.wecom.errors import WecomError

KEYS = Keys("token", "a1" * 21 + "A", "corp")
NOW = datetime(2026, 3, 18, 2, 20, tzinfo=UTC)
NONCE = "1372623149"


def stamp_of(keys: Keys, encrypted: str, at: datetime, nonce: str = NONCE) -> Stamp:
    seconds = str(int(at.timestamp()))
    return Stamp(sign(keys, timestamp=seconds, nonce=nonce, encrypted=encrypted), seconds, nonce)


def code_of(call, *args, **kwargs) -> str:
    with pytest.raises(WecomError) as caught:
        call(*args, **kwargs)
    assert caught.value.__cause__ is None
    assert caught.value.status in {400, 403, 413, 503}
    return caught.value.code


def raw_seal(keys: Keys, padded: bytes) -> str:
    """Ciphertext over bytes that are padded (or not) by hand."""
    key = aes_bytes(keys)
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(cipher.update(padded) + cipher.finalize()).decode()


@pytest.mark.parametrize("text", ["", "x", "你好" * 700, "😀\r\n]]>", "a" * 12, "a" * 28])
def test_wechatpy_seals_and_we_open(keys, text):
    sealed = PrpCrypto(aes_bytes(keys)).encrypt(text, keys.receive_id).decode()
    assert decrypt(keys, sealed).decode() == text


@pytest.mark.parametrize("text", ["", "x", "你好" * 700, "😀\r\n]]>", "a" * 12, "a" * 28])
def test_we_seal_and_wechatpy_opens(keys, client, text):
    envelope = encrypt(keys, text.encode(), timestamp="1409659813", nonce=NONCE)
    stamp = envelope.stamp
    opened = client.decrypt_message({"Encrypt": envelope.encrypted}, stamp.signature, stamp.timestamp, stamp.nonce)
    assert opened == text
    with pytest.raises(InvalidSignatureException):
        client.decrypt_message({"Encrypt": envelope.encrypted}, "0" * 40, stamp.timestamp, stamp.nonce)


def test_every_sealing_is_fresh(keys):
    sealed = {encrypt(keys, b"same", timestamp="1", nonce="2").encrypted for _ in range(5)}
    assert len(sealed) == 5


def test_url_verification_both_ways(keys, client, now):
    sealed = PrpCrypto(aes_bytes(keys)).encrypt("1616140317555161061", keys.receive_id).decode()
    stamp = stamp_of(keys, sealed, now)
    assert echo(keys, stamp, sealed, now=now) == b"1616140317555161061"
    assert client.check_signature(stamp.signature, stamp.timestamp, stamp.nonce, sealed) == "1616140317555161061"


@pytest.mark.parametrize("change", ["signature", "timestamp", "nonce", "encrypted", "token"])
def test_forged_signature(keys, now, change):
    sealed = encrypt(keys, b"<xml/>", timestamp="1", nonce=NONCE).encrypted
    stamp = stamp_of(keys, sealed, now)
    parts = {"signature": stamp.signature, "timestamp": stamp.timestamp, "nonce": stamp.nonce}
    if change in parts:
        parts[change] = parts[change][:-1] + ("0" if parts[change][-1] != "0" else "1")
    elif change == "encrypted":
        sealed = "AAAA" + sealed
    reader = Keys("other", keys.aes_key, keys.receive_id) if change == "token" else keys
    assert code_of(verify, reader, Stamp(**parts), sealed, now=now) == "wecom.signature"


@pytest.mark.parametrize(("seconds", "fine"), [(0, True), (299, True), (-299, True), (301, False), (-301, False)])
def test_replay(keys, now, seconds, fine):
    stamp = stamp_of(keys, "AAAA", now - timedelta(seconds=seconds))
    if fine:
        verify(keys, stamp, "AAAA", now=now)
    else:
        assert code_of(verify, keys, stamp, "AAAA", now=now) == "wecom.replay"


@pytest.mark.parametrize("timestamp", ["", "now", "-5", "1e9", "１７７３８００４００", "9" * 40, "1773800400.0"])
def test_a_timestamp_that_is_none(keys, now, timestamp):
    stamp = Stamp(sign(keys, timestamp=timestamp, nonce="n", encrypted="AAAA"), timestamp, "n")
    assert code_of(verify, keys, stamp, "AAAA", now=now) == "wecom.replay"


BODY = b"r" * 16 + b"\x00\x00\x00\x01" + b"x" + b"corp" + b"\x07" * 7


@pytest.mark.parametrize(
    "encrypted",
    [
        "", "AAAA", "不是", "!!!!", "AAA", raw_seal(KEYS, b"r" * 32), raw_seal(KEYS, b"\x00" * 32),
        raw_seal(KEYS, BODY[:-1] + b"\x06"), raw_seal(KEYS, BODY[:-7] + b"\x01" * 6 + b"\x07"),
        raw_seal(KEYS, BODY.replace(b"\x00\x01", b"\xff\xff")), raw_seal(KEYS, b"r" * 8 + b"\x18" * 24),
        raw_seal(KEYS, BODY.replace(b"corp", b"corq")), raw_seal(KEYS, b"r" * 16), raw_seal(KEYS, b"\x20" * 32),
        pytest.param(
            encrypt(Keys("token", "b2" * 21 + "A", "corp"), b"x", timestamp="1", nonce="2").encrypted, id="other key"
        ),
    ],
)  # fmt: skip
def test_broken_ciphertext_tells_nothing(encrypted):
    with pytest.raises(WecomError) as caught:
        decrypt(KEYS, encrypted)
    error = caught.value
    assert (error.status, error.code, error.detail) == (403, "wecom.sealed", _sealed_detail())
    assert error.__suppress_context__ or error.__context__ is None


def _sealed_detail() -> str:
    with pytest.raises(WecomError) as caught:
        decrypt(KEYS, "")
    return caught.value.detail


def test_the_body_above_is_good_as_it_stands():
    assert decrypt(KEYS, raw_seal(KEYS, BODY)) == b"x"


@pytest.mark.parametrize("receive_id", ["", "wx5823bf96d3bd56c8", "wx5823bf96d3bd56c7x", "别的企业"])
def test_wrong_receive_id(keys, receive_id):
    sealed = PrpCrypto(aes_bytes(keys)).encrypt("<xml/>", receive_id).decode()
    assert code_of(decrypt, keys, sealed) == "wecom.sealed"


@pytest.mark.parametrize("aes_key", ["", "short", "a" * 42, "a" * 44, "!" * 43, "中" * 43, "a" * 42 + "="])
def test_a_key_that_is_none(aes_key):
    assert code_of(Keys, "token", aes_key, "corp") == "wecom.key"


def test_secrets_do_not_show(keys):
    assert keys.token not in repr(keys)
    assert keys.aes_key not in repr(keys)


@given(message=st.binary(max_size=300))
def test_what_is_sealed_opens(message):
    sealed = encrypt(KEYS, message, timestamp="1", nonce="2").encrypted
    assert decrypt(KEYS, sealed) == message


ANY = st.text(st.characters(exclude_categories=()), max_size=60)


@given(signature=ANY, timestamp=ANY | st.integers().map(str), nonce=ANY, encrypted=ANY)
def test_nothing_but_wecom_errors_from_any_query(signature, timestamp, nonce, encrypted):
    code_of(echo, KEYS, Stamp(signature, timestamp, nonce), encrypted, now=NOW)


@given(blocks=st.binary(max_size=160), token=ANY)
def test_nothing_but_wecom_errors_from_any_plaintext(blocks, token):
    sealed = raw_seal(KEYS, blocks[: len(blocks) // 16 * 16])
    signed = stamp_of(KEYS, sealed, NOW, nonce=token)
    assert code_of(echo, KEYS, signed, sealed, now=NOW) == "wecom.sealed"
