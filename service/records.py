"""Notes in and results out as files: JSON lines, CSV, Parquet. A bad line becomes an error in its place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from extractor.errors import NoteError
from extractor.pipeline import MAX_NOTE
from extractor.types import Json, Note

COLUMNS = (
    "id",
    "field",
    "title",
    "value",
    "display",
    "confidence",
    "basis",
    "certain",
    "evidence",
    "start",
    "end",
    "why",
    "error",
)


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no note, with the reason; the rest of the batch goes on."""

    id: str | None
    code: str
    message: str

    def to_json(self) -> dict[str, Json]:
        return {"id": self.id, "error": {"code": self.code, "message": self.message}}


def parse_time(text: object, key: str = "sent_at") -> datetime:
    """An aware time from ISO 8601. Raises NoteError that says what to write."""
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        raise NoteError(
            "note.bad_time", f"{key} 要写成 2026-03-18T10:20+08:00 这样的 ISO 8601 时间，现在是 {str(text)[:40]!r}"
        ) from None
    if time.tzinfo is None:
        raise NoteError("note.no_zone", f"{key} 缺少时区，例如 2026-03-18T10:20+08:00")
    return time


def note_from(data: object) -> Note:
    """A note from its JSON. Raises NoteError that names the key and the cure."""
    if not isinstance(data, dict):
        raise NoteError("note.not_object", '每行要是一个 JSON 对象：{"id", "text", "sent_at"}')
    text = data.get("text")
    if not isinstance(text, str):
        raise NoteError("note.no_text", "缺少 text（字符串）")
    if len(text) > MAX_NOTE:
        raise NoteError("note.too_long", f"一条笔记最多 {MAX_NOTE} 字，这条有 {len(text)} 字；请拆成几条")
    if "sent_at" not in data:
        raise NoteError("note.no_time", "缺少 sent_at：相对时间（下周三）要按它换算")
    optional = {k: str(data[k]) for k in ("author", "customer", "channel") if data.get(k) is not None}
    return Note(str(data.get("id", "")), text, parse_time(data["sent_at"]), **optional)


def read_lines(lines: Iterable[str], parse: Any = note_from) -> Iterator[Any]:
    """Each line as `parse` makes it, or a BadLine in its place; empty lines are left out."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _read_line(number, line, parse)


def _read_line(number: int, line: str, parse: Any) -> Any:
    try:
        data = json.loads(line)
    except ValueError as error:
        return BadLine(None, "note.bad_json", f"第 {number} 行不是合法的 JSON：{error}")
    try:
        return parse(data)
    except NoteError as error:
        name = data.get("id") if isinstance(data, dict) else None
        return BadLine(None if name is None else str(name), error.code, f"第 {number} 行：{error}")


def rows_of(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One flat row per field, for CSV and Parquet; a note without fields gives one row with its id."""
    if "error" in record:
        yield {"id": record["id"], "error": record["error"]["message"]}
        return
    for field in record["fields"] or [{}]:
        evidence = (field.get("evidence") or [{}])[0]
        row = {k: field.get(k) for k in COLUMNS[1:8]}
        value = field.get("value")
        row["value"] = value if isinstance(value, str | None) else json.dumps(value, ensure_ascii=False)
        yield {
            "id": record["id"], **row, "evidence": evidence.get("text"), "start": evidence.get("start"),
            "end": evidence.get("end"), "why": field.get("why"),
        }  # fmt: skip


def write_records(records: Iterable[dict[str, Any]], path: Path | None, out: TextIO) -> None:
    """Write to `path` by its suffix (.jsonl, .csv, .parquet), or JSON lines to `out`; streamed, in order."""
    suffix = path.suffix.lower() if path else ".jsonl"
    if path is None:
        _write_jsonl(records, out)
    elif suffix == ".csv":
        _write_csv(records, path)
    elif suffix == ".parquet":
        _write_parquet(records, path)
    else:
        with path.open("w", encoding="utf-8") as file:
            _write_jsonl(records, file)


def _write_jsonl(records: Iterable[dict[str, Any]], out: TextIO) -> None:
    for record in records:
        # A lone surrogate cannot be written as UTF-8; JSON's own escape can hold it.
        line = json.dumps(record, ensure_ascii=False)
        out.write((line if line.isprintable() or _encodable(line) else json.dumps(record)) + "\n")


def _encodable(line: str) -> bool:
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return True


def _write_csv(records: Iterable[dict[str, Any]], path: Path) -> None:
    import csv

    # The BOM lets spreadsheet programs read the Chinese text as UTF-8.
    with path.open("w", encoding="utf-8-sig", newline="", errors="replace") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for record in records:
            writer.writerows({k: _no_formula(v) for k, v in row.items()} for row in rows_of(record))


def _no_formula(value: Any) -> Any:
    """A cell that a spreadsheet would run as a formula gets a leading apostrophe (OWASP, CSV injection)."""
    return "'" + value if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


_TYPES = {"confidence": "float64", "certain": "bool_", "start": "int64", "end": "int64"}


def _write_parquet(records: Iterable[dict[str, Any]], path: Path, size: int = 5_000) -> None:
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    schema = pa.schema([(name, getattr(pa, _TYPES.get(name, "string"))()) for name in COLUMNS])
    with ParquetWriter(path, schema) as writer:
        batch: list[dict[str, Any]] = []
        for record in records:
            batch += [{name: row.get(name) for name in COLUMNS} for row in rows_of(record)]
            if len(batch) >= size:
                writer.write_table(pa.Table.from_pylist(batch, schema=schema))
                batch = []
        writer.write_table(pa.Table.from_pylist(batch, schema=schema))
