"""WeCom's message crypto (developer.work.weixin.qq.com, 加解密方案说明).

signature  = hex sha1 of token, timestamp, nonce and ciphertext, sorted and joined
ciphertext = base64 of AES-256-CBC, iv = first 16 bytes of the key, over
             16 random bytes · length of the message (4 bytes, big-endian) · message · receive id, padded by PKCS7 to 32
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import struct
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from service.wecom.errors import WecomError

MAX_AGE = 300  # seconds between the timestamp of a callback and now, either way
_PAD = PKCS7(256)  # bits
_HEAD = 20  # bytes: the random ones and the length


@dataclass(frozen=True, slots=True)
class Keys:
    """What the app's callback page shows: Token, EncodingAESKey (43 characters) and the receive id (the corp id).

    Raises WecomError (503, `wecom.key`) for a key that is none.
    """

    token: str = field(repr=False)
    aes_key: str = field(repr=False)
    receive_id: str

    def __post_init__(self) -> None:
        aes_bytes(self)


@dataclass(frozen=True, slots=True)
class Stamp:
    """The query of a callback: `msg_signature`, `timestamp` (seconds since 1970, as text) and `nonce`."""

    signature: str
    timestamp: str
    nonce: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """A sealed message: base64 ciphertext and the stamp that goes with it."""

    encrypted: str
    stamp: Stamp


def aes_bytes(keys: Keys) -> bytes:
    """The 32 bytes of EncodingAESKey (base64 without its last `=`)."""
    try:
        raw = base64.b64decode(keys.aes_key + "=", validate=True)
    except ValueError:
        raw = b""
    if len(raw) != 32 or len(keys.aes_key) != 43:
        raise WecomError(503, "wecom.key", "EncodingAESKey 应是 43 个字母或数字；请从企业微信应用的「接收消息」页复制")
    return raw


def sign(keys: Keys, *, timestamp: str, nonce: str, encrypted: str) -> str:
    """The signature, 40 hex digits."""
    parts = sorted(_bytes(part) for part in (keys.token, timestamp, nonce, encrypted))
    return hashlib.sha1(b"".join(parts), usedforsecurity=False).hexdigest()


def verify(keys: Keys, stamp: Stamp, encrypted: str, *, now: datetime) -> None:
    """Raises WecomError (403) for a signature that is not ours (compared in constant time) and for a stale stamp."""
    expected = sign(keys, timestamp=stamp.timestamp, nonce=stamp.nonce, encrypted=encrypted)
    if not hmac.compare_digest(_bytes(expected), _bytes(stamp.signature)):
        raise WecomError(403, "wecom.signature", "签名不对；请核对企业微信应用的 Token")
    if not _fresh(stamp.timestamp, now):
        raise WecomError(
            403, "wecom.replay", f"时间戳与现在相差超过 {MAX_AGE // 60} 分钟；请核对服务器时间，勿重放旧消息"
        )


def decrypt(keys: Keys, encrypted: str) -> bytes:
    """The message inside, once the receive id is ours.

    Raises WecomError (403, `wecom.sealed`), the same for every cause, so that the answer is no padding oracle.
    """
    message = _opened(keys, encrypted)
    if message is None:
        raise WecomError(403, "wecom.sealed", "消息解不开；请核对 EncodingAESKey 与企业 ID")
    return message


def encrypt(keys: Keys, message: bytes, *, timestamp: str, nonce: str) -> Envelope:
    """Seal a message (a reply's XML) for WeCom, with fresh random bytes each time."""
    padder = _PAD.padder()
    head = secrets.token_bytes(16) + struct.pack(">I", len(message))
    padded = padder.update(head + message + _bytes(keys.receive_id)) + padder.finalize()
    encryptor = _cipher(keys).encryptor()
    encrypted = base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()
    signature = sign(keys, timestamp=timestamp, nonce=nonce, encrypted=encrypted)
    return Envelope(encrypted, Stamp(signature, timestamp, nonce))


def echo(keys: Keys, stamp: Stamp, echostr: str, *, now: datetime) -> bytes:
    """URL verification: what WeCom expects to read back. Raises WecomError as `verify` and `decrypt` do."""
    verify(keys, stamp, echostr, now=now)
    return decrypt(keys, echostr)


def _opened(keys: Keys, encrypted: str) -> bytes | None:
    try:
        sealed = base64.b64decode(_bytes(encrypted), validate=True)
        decryptor, unpadder = _cipher(keys).decryptor(), _PAD.unpadder()
        padded = decryptor.update(sealed) + decryptor.finalize()
        plain = unpadder.update(padded) + unpadder.finalize()
        (size,) = struct.unpack_from(">I", plain, _HEAD - 4)
    except (ValueError, struct.error):
        return None
    message, receive_id = plain[_HEAD : _HEAD + size], plain[_HEAD + size :]
    return message if len(message) == size and hmac.compare_digest(receive_id, _bytes(keys.receive_id)) else None


def _cipher(keys: Keys) -> Cipher[modes.CBC]:
    key = aes_bytes(keys)
    return Cipher(algorithms.AES(key), modes.CBC(key[:16]))


def _fresh(timestamp: str, now: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    return abs(now.timestamp() - int(timestamp)) <= MAX_AGE


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
