"""doccano's JSON lines of sequence labelling: `{"text", "label": [[start, end, name]], …}`, offsets in code points.

The form with `entities` (doccano's export of entities and relations) is read as well.

Other keys of a line are what doccano calls meta data, kept through import and export; ours is `fieldnote`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from annotation.formats import jsonl
from annotation.formats.common import Found, aside, places, restore
from annotation.records import Record


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
    return jsonl.each(data, _record)


def _record(number: int, row: dict[str, Any]) -> Record:
    found = [Found(name, start, end) for start, end, name in _labels(row)]
    kept = row.get("fieldnote") or {"id": str(row.get("id", number))}
    return restore(row["text"], kept, found)


def _labels(row: dict[str, Any]) -> list[list[Any]]:
    """Triples of start, end, name: `label` of today's doccano, `labels` of older ones, `entities` with relations."""
    if "entities" in row:
        return [[e["start_offset"], e["end_offset"], e["label"]] for e in row["entities"]]
    triples: list[list[Any]] = row.get("label") or row.get("labels") or []
    return triples
