"""CoNLL columns: a character a line, then one BIO column a layer; labels that overlap lie on different layers.

    # fieldnote = {"id": …}
    财	B-budget_source
    政	I-budget_source

White space, backslashes and control characters are written `\\u` and eight hex digits, so that a line is always a
line. A blank line ends a note. A file without our comment is read as well; the id is then the number of the note.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from annotation.formats.common import Found, Place, aside, decoded, places, restore
from annotation.records import Record, RecordError

ASIDE = "# fieldnote = "
ESCAPED = re.compile(r"\\u([0-9a-f]{8})")


def write(records: Iterable[Record]) -> bytes:
    """All notes, each ended by a blank line."""
    return "".join(_block(record) for record in records).encode()


def _block(record: Record) -> str:
    layers = [_column(layer, len(record.text)) for layer in layered(places(record))] or [["O"] * len(record.text)]
    lines = ["\t".join((_escape(c), *tags)) for c, *tags in zip(record.text, *layers, strict=True)]
    return "\n".join([ASIDE + json.dumps(aside(record), ensure_ascii=True), *lines]) + "\n\n"


def layered(found: Iterable[Place]) -> list[list[Place]]:
    """As few layers as hold all places (sorted by start) with no overlap in one."""
    layers: list[list[Place]] = []
    for place in found:
        room = next((layer for layer in layers if layer[-1][2] <= place[1]), None)
        if room is None:
            layers.append([place])
        else:
            room.append(place)
    return layers


def _column(layer: list[Place], length: int) -> list[str]:
    tags = ["O"] * length
    for field, start, end in layer:
        tags[start:end] = [f"B-{field}", *([f"I-{field}"] * (end - start - 1))]
    return tags


def read(data: bytes) -> list[Record]:
    """Raises RecordError for an `I-` that continues nothing, or rows of unequal width."""
    blocks = [b for b in decoded(data).replace("\r\n", "\n").split("\n\n") if b.strip()]
    return [_record(block.strip("\n").split("\n"), n) for n, block in enumerate(blocks, 1)]


def _record(lines: list[str], number: int) -> Record:
    kept: dict[str, object] = {"id": str(number)}
    if lines[0].startswith(ASIDE):
        try:
            kept = dict(json.loads(lines.pop(0)[len(ASIDE) :]))
        except (ValueError, TypeError) as error:
            raise RecordError(f"第 {number} 条的 fieldnote 注释读不出：{error}") from None
    rows = [line.split("\t") for line in lines]
    if len({len(row) for row in rows}) > 1:
        raise RecordError(f"第 {number} 条：各行的列数不同")
    text = "".join(ESCAPED.sub(lambda m: chr(int(m[1], 16)), row[0]) for row in rows)
    if len(text) != len(rows):
        raise RecordError(f"第 {number} 条：第一列要一行一个字")
    columns = list(zip(*rows, strict=True))[1:]
    return restore(text, kept, [f for column in columns for f in _runs(column, number)])


def _runs(column: tuple[str, ...], number: int) -> list[Found]:
    found: list[Found] = []
    for at, tag in enumerate(column):
        kind, _, field = tag.partition("-")
        if kind == "B":
            found.append(Found(field, at, at + 1))
        elif kind == "I":
            if not found or (found[-1].field, found[-1].end) != (field, at):
                raise RecordError(f"第 {number} 条：第 {at + 1} 行的 {tag} 前面没有开头")
            found[-1] = Found(field, found[-1].start, at + 1)
        elif tag != "O":
            raise RecordError(f"第 {number} 条：第 {at + 1} 行的标签 {tag} 不认识")
    return found


def _escape(c: str) -> str:
    return f"\\u{ord(c):08x}" if c == "\\" or c.isspace() or not c.isprintable() else c
