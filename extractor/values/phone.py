"""Mainland phone numbers: mobile, landline with area code, 400/800 service numbers, and digits spoken in Chinese.

The written form may hold spaces or hyphens between the usual groups, a country prefix and an extension.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from extractor.types import Span
from extractor.values.types import Found, PhoneNumber

_PREFIX = r"(?:(?P<prefix>\+?(?:00)?86)[ -]?)?"
_MOBILE = r"1[3-9]\d[ -]?\d{4}[ -]?\d{4}"
_AREA = r"0(?:10|2\d|[3-9]\d{2}|[3-9]\d|[1-9]\d{2})"
_LANDLINE = rf"(?:\({_AREA}\)|{_AREA})[ -]?\d{{3,4}}[ -]?\d{{4}}"
_ABROAD = r"(?:10|2\d|[3-9]\d{2})[ -]?\d{3,4}[ -]?\d{4}"  # the area code loses its 0 after the country prefix
_SERVICE = r"[48]00[ -]?\d{3,4}[ -]?\d{3,4}"
_EXTENSION = r"(?: ?(?:转|分机|-|ext\.?|EXT\.?) ?(?P<ext>\d{1,6})(?!\d))?"
_WRITTEN = re.compile(
    rf"(?<![\d.+])(?:{_PREFIX}(?P<number>{_MOBILE}|{_LANDLINE}|{_SERVICE})|"
    rf"(?P<plus>\+?(?:00)?86)[ -]?(?P<abroad>{_ABROAD})){_EXTENSION}(?![\d.]\d|\d)"
)
_SPOKEN = re.compile(
    r"(?<![零〇一二三四五六七八九幺])[一幺][三四五六七八九][零〇一二三四五六七八九幺]{9}(?![零〇一二三四五六七八九幺])"
)
_SPOKEN_DIGITS = str.maketrans("零〇一二三四五六七八九幺", "001234567891")
_THREE_DIGITS = re.compile(r"[0-9]{3}")
_SPOKEN_START = re.compile(r"[一幺][三四五六七八九]")
_NOT_DIGIT = re.compile(r"\D")
_LENGTHS = {"1": (11,), "0": (10, 11, 12), "4": (10,), "8": (10,)}


def find_phones(text: str, raw: str) -> Iterator[Found]:
    """Phone numbers of `text` (digits already half-width); `raw` gives the texts of the spans."""
    for m in _WRITTEN.finditer(text) if _THREE_DIGITS.search(text) else ():
        number = _written(m)
        if number:
            yield Found("phone", Span(*m.span()), raw[m.start() : m.end()], number)
    for m in _SPOKEN.finditer(text) if _SPOKEN_START.search(text) else ():
        digits = m[0].translate(_SPOKEN_DIGITS)
        yield Found("phone", Span(*m.span()), raw[m.start() : m.end()], PhoneNumber(digits))


def _written(m: re.Match[str]) -> PhoneNumber | None:
    digits = _NOT_DIGIT.sub("", m["number"] or m["abroad"])
    if m["number"] and len(digits) not in _LENGTHS[digits[0]]:
        return None
    prefix = m["prefix"] or m["plus"]
    return PhoneNumber(digits, m["ext"], prefix.lstrip("+") if prefix else None)
