"""Kind `choice`: one of the field's listed words; the finder knows which (its hint)."""

from __future__ import annotations

from extractor.kinds.base import Kind, Parsed, Words


def _parse(words: Words) -> Parsed | None:
    return Parsed(words.hint, words.span) if words.hint else None


CHOICE = Kind("choice", "chips", _parse, str, {"type": "string"})
