"""Kind `text`: the value is the evidence itself (names, devices, complaints)."""

from __future__ import annotations

from extractor.kinds.base import Kind, Parsed, Words


def _parse(words: Words) -> Parsed | None:
    return Parsed(words.evidence, words.span) if words.evidence.strip() else None


TEXT = Kind("text", "text", _parse, str, {"type": "string", "minLength": 1})
