"""Labelled notes: the inline mark-up of the guidelines, and compiled JSON lines, as one record."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from extractor.errors import ModelError

MARK = re.compile(r"\[([^\[\]]+)\]\{([^{}]+)\}")
PART = re.compile(r"\s*([a-z_]+)\s*(~?=)\s*(.*?)\s*")


class MarkError(ModelError):
    """A line that the mark-up does not allow; names the line and what is wrong."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One label on `[start, end)` of the text; `value` as written (`.` where the words are the value).

    `denied`: somebody said that the field is not there; it teaches only in a note that is `partial`.
    """

    field: str
    value: str
    start: int
    end: int
    certain: bool = True
    denied: bool = False


@dataclass(frozen=True, slots=True)
class Labelled:
    """A note with its labels; `origin` is the file it came from (`t5`), for leave-one-author-out runs.

    Of a `partial` note nobody has said what else is in it: it teaches its marks and its denials, and no other absence
    but that of its `known` fields.
    """

    id: str
    text: str
    marks: tuple[Mark, ...]
    origin: str = ""
    partial: bool = False
    known: tuple[str, ...] = ()


def compile_marked(row: dict[str, Any], origin: str = "") -> Labelled:
    """`王总说等[财政]{budget_source=政府拨款}` → text and marks with code-point offsets."""
    source, text, at = row["marked"], "", 0
    marks: list[Mark] = []
    for m in MARK.finditer(source):
        text += source[at : m.start()]
        marks += _parts(m, len(text))
        text, at = text + m[1], m.end()
    text += source[at:]
    if re.search(r"[\[\]{}]", text):
        raise MarkError(f"{row['id']}: a bracket is left over")
    return Labelled(row["id"], text, tuple(marks), origin)


def _parts(m: re.Match[str], start: int) -> Iterator[Mark]:
    for part in m[2].split(";"):
        k = PART.fullmatch(part)
        if not k:
            raise MarkError(f"cannot read {part!r}")
        yield Mark(k[1], k[3], start, start + len(m[1]), k[2] == "=")


def compile_gold(row: dict[str, Any], origin: str = "") -> Labelled:
    """A compiled gold line: `fields` with canonical values and `evidence` offsets; `partial` and `denied` if so."""
    marks = []
    for f in row["fields"]:
        value = f["value"] if isinstance(f["value"], str) else "."
        start, end = f["evidence"]
        marks.append(Mark(f["field"], value, start, end, f["certain"], f.get("denied", False)))
    return Labelled(row["id"], row["text"], tuple(marks), origin, row.get("partial", False))


def read_notes(file: Path) -> list[Labelled]:
    """All notes of a `.marked.jsonl` or compiled `.jsonl` file."""
    origin = file.name.partition(".")[0]
    compile_one = compile_marked if ".marked" in file.name else compile_gold
    with file.open(encoding="utf-8") as lines:
        return [compile_one(json.loads(line), origin) for line in lines if line.strip()]


def read_all(files: Iterable[Path]) -> list[Labelled]:
    """Every file in name order; a text seen twice is kept once."""
    seen: dict[str, Labelled] = {}
    for file in sorted(files):
        for note in read_notes(file):
            seen.setdefault(note.text, note)
    return list(seen.values())
