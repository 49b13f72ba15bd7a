"""Formats of labelled notes: each module has `write(records) -> bytes` and `read(bytes) -> records`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from annotation.formats import conll, docbin, doccano, jsonl, labelstudio, markup
from annotation.records import Record


@dataclass(frozen=True, slots=True)
class Format:
    """Both ways of one format; `name` is what the command line calls it."""

    name: str
    write: Callable[[Iterable[Record]], bytes]
    read: Callable[[bytes], list[Record]]


FORMATS: Mapping[str, Format] = {
    f.name: f
    for f in (
        Format("jsonl", jsonl.write, jsonl.read),
        Format("marked", markup.write, markup.read),
        Format("labelstudio", labelstudio.write, labelstudio.read),
        Format("doccano", doccano.write, doccano.read),
        Format("conll", conll.write, conll.read),
        Format("docbin", docbin.write, docbin.read),
    )
}
