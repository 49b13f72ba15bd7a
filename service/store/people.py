"""What a tenant's people said of notes, as the lines that training reads."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from annotation.records import gold_line
from service.store.examples import examples


def write_people(connection: Connection, tenant: str, file: Path) -> dict[str, Any]:
    """One line a note, by age; `{"notes", "whole", "marks", "by_field"}` of what was written."""
    by_field: Counter[str] = Counter()
    count = whole = 0
    with file.open("w", encoding="utf-8") as lines:
        for record in examples(connection, tenant):
            row = gold_line(record)
            if not row["fields"] and not record.complete:
                continue
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")
            count, whole = count + 1, whole + record.complete
            by_field.update(mark["field"] for mark in row["fields"])
    return {"notes": count, "whole": whole, "marks": by_field.total(), "by_field": dict(sorted(by_field.items()))}
