"""Dates and clock times written in figures: 2026-06-15, 2026/6, 15.6.2026, 6/15, 6.15号, 09:30, 17:55:23."""

from __future__ import annotations

import re
from typing import Any

from extractor.values.tokens import char

_YEAR = r"(?P<y>(?:19|20)\d{2})"
WRITTEN = re.compile(
    rf"{_YEAR}(?P<s1>[-/.])(?P<m>\d{{1,2}})(?P=s1)(?P<d>\d{{1,2}})(?![\d%]|(?P=s1)\d)"
    rf"|(?P<d2>\d{{1,2}})(?P<s2>[-/.])(?P<m2>\d{{1,2}})(?P=s2)(?P<y2>20\d{{2}})(?!\d)"
    rf"|(?P<y3>\d{{2}})(?P<s3>[-/])(?P<m3>\d{{1,2}})(?P=s3)(?P<d3>\d{{1,2}})(?![\d%]|[-/.]\d)"
    rf"|(?P<y4>20\d{{2}})[-/.](?P<m4>0[1-9]|1[0-2]|[1-9])(?![\d%]|[-/.:]\d|[年月万亿元])"
    r"|(?P<h>[01]?\d|2[0-4]):(?P<min>[0-5]\d)(?::(?P<s>[0-5]\d))?(?![\d:])"
    r"|(?P<m6>0?[1-9]|1[0-2])\.(?P<d6>[12]\d|3[01]|0?[1-9])[号日]"
    r"|(?P<m5>0?[1-9]|1[0-2])/(?P<d5>[12]\d|3[01]|0?[1-9])(?![\d/%])"
)


def written(m: re.Match[str]) -> tuple[str, Any] | None:
    """Kind and value of a match: `dated` (year or None, month, day or None), `clock` (hour, minute, second or None)."""
    if m["h"]:
        return char("clock"), (int(m["h"]), int(m["min"]), int(m["s"]) if m["s"] else None)
    if m["y"]:
        return char("dated"), (int(m["y"]), int(m["m"]), int(m["d"]))
    if m["y2"]:
        return char("dated"), (int(m["y2"]), int(m["m2"]), int(m["d2"]))
    if m["y3"]:
        return char("dated"), (2000 + int(m["y3"]), int(m["m3"]), int(m["d3"]))
    if m["y4"]:
        return char("dated"), (int(m["y4"]), int(m["m4"]), None)
    return char("dated"), (None, int(m["m5"] or m["m6"]), int(m["d5"] or m["d6"]))
