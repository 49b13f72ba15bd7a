"""Formats of labelled notes: each module has `write(records) -> bytes` and `read(bytes) -> records`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from annotation.formats import conll, docbin, doccano, jsonl, labelstudio, markup
from annotation.records import Record


@dataclass(frozen=True, slots=True)
class Format:
    """Both ways of one format; `name` is what the command line calls it, `suffixes` what its files end in."""

    name: str
    write: Callable[[Iterable[Record]], bytes]
    read: Callable[[bytes], list[Record]]
    suffixes: tuple[str, ...]


FORMATS: Mapping[str, Format] = {
    f.name: f
    for f in (
        Format("jsonl", jsonl.write, jsonl.read, (".jsonl",)),
        Format("marked", markup.write, markup.read, (".marked.jsonl",)),
        Format("labelstudio", labelstudio.write, labelstudio.read, (".json",)),
        Format("doccano", doccano.write, doccano.read, (".doccano.jsonl",)),
        Format("conll", conll.write, conll.read, (".conll", ".bio")),
        Format("docbin", docbin.write, docbin.read, (".spacy",)),
    )
}


def guessed(file: str) -> str | None:
    """The format a file's name speaks of: the longest suffix that fits; None where none does."""
    fits = [(len(suffix), f.name) for f in FORMATS.values() for suffix in f.suffixes if file.lower().endswith(suffix)]
    return max(fits)[1] if fits else None
