"""Our own JSON lines: one record a line; compiled gold lines are read too."""

from __future__ import annotations

import json
from collections.abc import Iterable

from annotation.records import Record, RecordError, record_from


def write(records: Iterable[Record]) -> bytes:
    """One canonical line a record."""
    return "".join(record.line() + "\n" for record in records).encode()


def read(data: bytes) -> list[Record]:
    """Raises RecordError with the number of a line that is none."""
    return [record_from(row) for row in rows(data)]


def rows(data: bytes) -> list[dict[str, object]]:
    """JSON lines as they are; blank lines and an export's watermark are passed over."""
    found = []
    for number, line in enumerate(data.decode("utf-8-sig").split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise RecordError(f"第 {number} 行不是 JSON：{error}") from None
        if not isinstance(row, dict):
            raise RecordError(f"第 {number} 行不是对象")
        if "fieldnote-export" not in row:
            found.append(row)
    return found
