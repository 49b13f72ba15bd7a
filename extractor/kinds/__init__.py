"""Kinds of value: how evidence becomes a canonical value, how a value is shown, and which control edits it.

A new kind is a module with a `KIND` and one line in `KINDS`.
"""

from __future__ import annotations

from extractor.kinds.amount import HEADCOUNT, MONEY, QUANTITY
from extractor.kinds.base import Kind, Words
from extractor.kinds.choice import CHOICE
from extractor.kinds.cycle import CYCLE
from extractor.kinds.phone import PHONE
from extractor.kinds.plan import PLAN
from extractor.kinds.text import TEXT
from extractor.kinds.when import WHEN

KINDS: dict[str, Kind] = {k.name: k for k in (CHOICE, WHEN, MONEY, HEADCOUNT, QUANTITY, CYCLE, PLAN, PHONE, TEXT)}

__all__ = ["KINDS", "Kind", "Words"]
