"""doccano's JSON lines of sequence labelling: `{"text", "label": [[start, end, name]], …}`, offsets in code points.

Other keys of a line are what doccano calls meta data, kept through import and export; ours is `fieldnote`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from annotation.formats import jsonl
from annotation.formats.common import Found, aside, places, restore
from annotation.records import Record, RecordError


def write(records: Iterable[Record]) -> bytes:
    """One line a note; ids are doccano's own business, ours is in `fieldnote`."""
    lines = []
    for record in records:
        label = [[start, end, field] for field, start, end in places(record)]
        row = {"text": record.text, "label": label, "fieldnote": aside(record)}
        lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    return "".join(lines).encode()


def read(data: bytes) -> list[Record]:
    """Raises RecordError for a line without text or with labels that are none."""
    records = []
    for n, row in enumerate(jsonl.rows(data), 1):
        try:
            labels = row.get("label") or row.get("labels") or []
            found = [Found(name, start, end) for start, end, name in labels]  # type: ignore[attr-defined]
            kept = row.get("fieldnote") or {"id": str(row.get("id", n))}
            records.append(restore(row["text"], kept, found))  # type: ignore[arg-type]
        except (KeyError, TypeError, ValueError) as error:
            raise RecordError(f"第 {n} 条不是 doccano 的格式：{error}") from None
    return records
