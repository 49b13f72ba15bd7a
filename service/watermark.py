"""The mark every export carries: who took it, when, for which tenant; signed, readable by eye, traced back by key.

A comment line in CSV, the first record in JSON lines. It survives what spreadsheets do to a file (a byte order mark,
quotes around the line, trailing commas, other line ends, rows in another order, GB 18030), and tells whether the rest
of the file is still what was exported.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote

from service.problems import ServiceError

Kind = Literal["csv", "jsonl"]
_MARK = "fieldnote-export"
_KEYS = ("tenant", "who", "at", "sha256", "sig")
_CSV_LINE = re.compile(rf'^[\ufeff"\s]*#\s?{_MARK}:(?P<rest>[^\n"]*)')
_JSON_LINE = re.compile(rf'^[\ufeff\s]*\{{\s*"{_MARK}"\s*:')
# Everything but letters of any script, digits and a few signs: nothing that CSV or a spreadsheet would touch.
_UNSAFE = re.compile(r"[^\w.:+@/-]")


@dataclass(frozen=True, slots=True)
class Watermark:
    """Who took an export, when (aware), for which tenant; `intact`: the rows are still those that were exported."""

    tenant: str
    who: str
    at: datetime
    intact: bool


def stamp(text: str, kind: Kind, who: str, at: datetime, tenant: str, key: bytes) -> str:
    """The export with its mark as first line. `key` is the server's secret, `at` must be aware."""
    if at.tzinfo is None:
        raise ValueError("the time must carry its zone")
    bom, rows = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
    facts = {"tenant": tenant, "who": who, "at": at.isoformat(), "sha256": _digest(_lines(rows))}
    mark = {**facts, "sig": _sign(facts, key)}
    if kind == "jsonl":
        return f"{bom}{json.dumps({_MARK: mark}, ensure_ascii=not _encodable(mark))}\n{rows}"
    line = " ".join(f"{name}={_UNSAFE.sub(_escape, value)}" for name, value in mark.items())
    return f"{bom}# {_MARK}: {line}\r\n{rows}"


def trace(text: str, key: bytes) -> Watermark | None:
    """The mark of an export, None where it carries none.

    Raises ServiceError 422 `export.mark_altered` where a mark is there but was not written with this key.
    """
    lines = _lines(text)
    for number, line in enumerate(lines):
        mark = _read(line)
        if mark is not None:
            return _verified(mark, lines[:number] + lines[number + 1 :], key)
    return None


def read_watermark(path: Path, key: bytes) -> Watermark | None:
    """`trace` of a file in UTF-8, UTF-16 (with its mark) or GB 18030, as spreadsheet programs write them.

    Raises OSError where the file cannot be read, and ServiceError as `trace` does.
    """
    data = path.read_bytes()
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return trace(data.decode("utf-16", errors="replace"), key)
    try:
        return trace(data.decode("utf-8-sig"), key)
    except UnicodeDecodeError:
        return trace(data.decode("gb18030", errors="replace"), key)


def _read(line: str) -> dict[str, str] | None:
    """The facts of a mark's line, unverified; an empty record where the line is a damaged mark; None for any other."""
    if match := _CSV_LINE.match(line):
        pairs = (part.partition("=") for part in match["rest"].strip(" ,;\t\r").split(" "))
        return {name: unquote(value, errors="surrogatepass") for name, _, value in pairs}
    if _JSON_LINE.match(line):
        try:
            mark = json.loads(line.lstrip("\ufeff"))[_MARK]
        except ValueError:
            return {}
        return mark if isinstance(mark, dict) else {}
    return None


def _verified(mark: dict[str, str], rows: list[str], key: bytes) -> Watermark:
    facts = {name: mark.get(name) for name in _KEYS}
    signed = {name: value for name, value in facts.items() if isinstance(value, str)}
    sig = signed.pop("sig", "")
    if not hmac.compare_digest(sig.encode(errors="replace"), _sign(signed, key).encode()):
        raise ServiceError(422, "export.mark_altered", "水印被改动过，或不是这台服务器写的；不能据此认定是谁导出的")
    at = datetime.fromisoformat(signed["at"])
    return Watermark(signed["tenant"], signed["who"], at, intact=_digest(rows) == signed["sha256"])


def _sign(facts: dict[str, str], key: bytes) -> str:
    """HMAC-SHA-256 over the facts as one JSON object (so that no two sets of facts read alike), in hex."""
    message = json.dumps([_MARK, facts], sort_keys=True).encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def _digest(lines: Iterable[str]) -> str:
    """sha256 over the rows, whatever the line ends, in hex."""
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode(errors="surrogatepass") + b"\n")
    return digest.hexdigest()


def _lines(text: str) -> list[str]:
    """Lines as files have them; str.splitlines would also cut at U+2028 and others that may stand in a text."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines if lines[-1] else lines[:-1]


def _escape(match: re.Match[str]) -> str:
    return quote(match[0], safe="", errors="surrogatepass")


def _encodable(mark: dict[str, str]) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for value in mark.values() for letter in value)
