"""Kind `plan`: what is added, with its number (扩建两条产线 → 2条产线), or the object alone (厂房)."""

from __future__ import annotations

from typing import cast

from extractor.kinds.base import Kind, Parsed, Words, whole
from extractor.types import Json, Span
from extractor.values.types import Amount


def _parse(words: Words) -> Parsed | None:
    found = words.found(("quantity",))
    if found is None:
        value = _without_verbs(words)
    else:
        amount = cast(Amount, found.value)
        noun = words.text[found.span.end : words.span.end].strip("的新 ")
        value = f"{_number(amount)}{amount.unit or ''}{noun}"
    return Parsed(value, _covering(words.span, found.span if found else words.span)) if value else None


def _covering(a: Span, b: Span) -> Span:
    return Span(min(a.start, b.start), max(a.end, b.end))


def _number(amount: Amount) -> Json:
    return whole(amount.min if amount.min is not None else amount.max)


def _without_verbs(words: Words) -> str:
    text = words.evidence.strip()
    verbs = sorted(words.lexicons.get("plan_verbs", ()), key=len, reverse=True)
    while verb := next((v for v in verbs if text.startswith(v) and len(text) > len(v)), None):
        text = text[len(verb) :].strip()
    return text


PLAN = Kind("plan", "text", _parse, str, {"type": "string", "minLength": 1})
