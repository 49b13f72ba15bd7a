"""Kind `cycle`: how often budgets are made, and in which months. Its words are data (lexicons/cycles.tsv)."""

from __future__ import annotations

import re
from typing import cast

from extractor.kinds.base import Kind, Parsed, Words
from extractor.patterns import fold
from extractor.types import Json

_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"正": 1, "元": 1, "腊": 12}
_MONTH = re.compile(r"(1[0-2]|[1-9]|十[一二]?|[正腊一二三四五六七八九])(?=[月、,，/和跟\-到至]|(?:份))")
_CYCLES = ("年度", "半年度", "季度", "月度", "一事一议")


def _parse(words: Words) -> Parsed | None:
    text = fold(words.evidence)
    cycle = words.hint or next((c for word, c in _pairs(words) if word in text), None)
    return Parsed({"cycle": cycle, "months": cast(Json, _months(text))}, words.span) if cycle in _CYCLES else None


def _pairs(words: Words) -> list[tuple[str, str]]:
    """`半年=半年度` entries of the lexicon, longest word first."""
    entries = (entry.partition("=") for entry in words.lexicons.get("cycles", ()))
    return sorted(((word, cycle) for word, _, cycle in entries), key=lambda p: -len(p[0]))


def _months(text: str) -> list[int]:
    """Months named in the words: 一月七月 → [1, 7]; only those in a list that ends in 月."""
    if "月" not in text:
        return []
    return sorted({_number(m[1]) for m in _MONTH.finditer(text[: text.rindex("月") + 1])})


def _number(word: str) -> int:
    if word.isdigit():
        return int(word)
    return 10 + _DIGITS.get(word[1:], 0) if word[0] == "十" else _DIGITS[word]


def _display(value: Json) -> str:
    cycle = cast(dict[str, list[int]], value)
    months = "、".join(f"{m}月" for m in cycle["months"])
    return f"{cycle['cycle']}（{months}）" if months else str(cycle["cycle"])


CYCLE = Kind(
    "cycle",
    "cycle",
    _parse,
    _display,
    {
        "type": "object",
        "properties": {
            "cycle": {"enum": list(_CYCLES)},
            "months": {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 12}},
        },
        "required": ["cycle", "months"],
    },
)
