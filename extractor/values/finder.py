"""Find every value in a text."""

from __future__ import annotations

from datetime import datetime

from extractor.values.phone import find_phones
from extractor.values.types import Found


def find_values(text: str, reference: datetime, *, conventions: object | None = None) -> tuple[Found, ...]:
    """Every value expression of `text`, by position."""
    return tuple(find_phones(text, text))
