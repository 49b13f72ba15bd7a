"""Our own JSON lines: one record a line; compiled gold lines are read too."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from annotation.formats.common import decoded
from annotation.records import Record, RecordError, record_from


def write(records: Iterable[Record]) -> bytes:
    """One canonical line a record."""
    return "".join(record.line() + "\n" for record in records).encode()


def read(data: bytes) -> list[Record]:
    """Raises RecordError with the number of a line that is none."""
    return each(data, lambda _, row: record_from(row))


def each(data: bytes, make: Callable[[int, dict[str, Any]], Record]) -> list[Record]:
    """A record a line. Raises RecordError that names the line that `make` could not read."""
    records = []
    for number, row in rows(data):
        try:
            records.append(make(number, row))
        except RecordError as error:
            raise RecordError(f"第 {number} 行：{error}") from None
        except (KeyError, TypeError, ValueError) as error:
            raise RecordError(f"第 {number} 行不是这种格式：{error!r}") from None
    return records


def rows(data: bytes) -> list[tuple[int, dict[str, Any]]]:
    """JSON lines with their numbers; blank lines and an export's watermark are passed over."""
    found = []
    for number, line in enumerate(decoded(data).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise RecordError(f"第 {number} 行不是 JSON：{error}") from None
        if not isinstance(row, dict):
            raise RecordError(f"第 {number} 行不是对象")
        if "fieldnote-export" not in row:
            found.append((number, row))
    return found
