"""验证规则: is a canonical value allowed in a field? The same answer for extraction and correction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from extractor.contract import Contract, Field
from extractor.kinds import KINDS
from extractor.kinds.base import Words
from extractor.patterns import Alternations, expand, fold, references
from extractor.types import Json, Span
from extractor.values.finder import find_values
from extractor.values.tables import tables_of


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a value is refused, and what to enter instead; `code` is stable (`contract.<rule>`)."""

    code: str
    message: str


def problem(field: Field, value: Json, sent_at: datetime | None = None) -> Problem | None:
    """None where the contract allows the value; `sent_at` is the note's time, for checks against the past."""
    rule, text = field.validation, value if isinstance(value, str) else None
    hint = rule.message or rule.note
    if field.values and value not in field.values:
        return Problem("contract.choice", f"「{field.title}」只能是：{'、'.join(field.values)}")
    if text is not None and not text.strip():
        return Problem("contract.empty", f"「{field.title}」不能为空。{field.capture.ask}")
    if text is not None and rule.max_length and len(text) > rule.max_length:
        return Problem("contract.max_length", f"「{field.title}」最多 {rule.max_length} 个字。{hint}")
    if text is not None and rule.pattern and not re.fullmatch(rule.pattern, text):
        return Problem("contract.pattern", f"「{field.title}」{hint}")
    for number in _numbers(value):
        if (rule.minimum is not None and number < rule.minimum) or (rule.maximum is not None and number > rule.maximum):
            return Problem("contract.range", f"「{field.title}」{hint}")
    if rule.future and sent_at and _is_past(value, sent_at):
        return Problem("contract.past", f"「{field.title}」这个时间在写笔记时已经过去。{field.capture.ask}")
    return None


def barred(field: Field, text: str, span: Span, value: Json) -> bool:
    """Whether the evidence touches words of the folded text that are never this field, or never this value of it."""
    return any(
        span.overlaps(Span(at, at + len(word)))
        for never in field.never
        if never.value in (None, value)
        for word in map(fold, never.words)
        for at in occurrences(text, word)
    )


def occurrences(text: str, word: str) -> Iterator[int]:
    """Where a word begins in a text, overlapping ones too."""
    at = text.find(word)
    while at >= 0 and word:
        yield at
        at = text.find(word, at + 1)


def _is_past(value: Json, sent_at: datetime) -> bool:
    end = value.get("end") if isinstance(value, dict) else None
    return isinstance(end, str) and end < sent_at.date().isoformat()


def _numbers(value: Json) -> list[float]:
    if not isinstance(value, dict):
        return []
    return [v for key in ("min", "max") if isinstance(v := value.get(key), int | float)]


def parse_input(contract: Contract, name: str, text: str, sent_at: datetime) -> Json | Problem:
    """What a person typed for a field (「下周四」, 「80万左右」) → its canonical value, or why it is refused."""
    field = contract.fields[name]
    for refusal in field.refusals:
        plain = not references(refusal.pattern)
        if plain and re.search(expand(refusal.pattern, Alternations(contract.lexicons)), fold(text)):
            return Problem(f"contract.{refusal.name}", f"{refusal.message}{refusal.ask}")
    text = text.strip()
    words = Words(
        text,
        Span(0, len(text)),
        text if field.values else None,
        find_values(text, sent_at, folder=tables_of(contract.root)),
        sent_at,
        contract.lexicons,
    )
    parsed = KINDS[field.kind].parse(words)
    if parsed is None:
        return Problem("contract.unreadable", f"「{text[:40]}」读不成「{field.title}」。{field.capture.ask}")
    return problem(field, parsed.value, sent_at) or parsed.value
