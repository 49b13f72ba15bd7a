"""Kind `phone`: digits with area code, extension after a hyphen."""

from __future__ import annotations

from typing import cast

from extractor.kinds.base import Kind, Parsed, Words
from extractor.values.types import PhoneNumber


def _parse(words: Words) -> Parsed | None:
    found = words.found(("phone",))
    if found is None:
        return None
    number = cast(PhoneNumber, found.value)
    return Parsed(number.digits + (f"-{number.extension}" if number.extension else ""), found.span)


PHONE = Kind("phone", "tel", _parse, str, {"type": "string", "pattern": r"^\d{7,12}(-\d{1,6})?$"})
