"""Tokens, and rules over their kinds: the finder's grammar is a list of `Rule` records run in order.

Each kind is one character, so a text becomes a string of kinds and a rule's pattern is a regular expression over
it. A pattern is written with kind names: `"num month num day?"`. A match becomes one token of the kind `makes`;
`build` gives its value, or None (also by ValueError: 13月, 2月30日) where the words make no sense.
Tokens that do not touch (spaces apart) are separated by a break, which no pattern matches.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from extractor.values.conventions import Conventions

KINDS = (
    "num nth ge measure more half yuan jiao coin currency pct pctpre point_pct of_parts "
    "year month day week days hour minute fen second oclock ke quarter "
    "relday relyear relmonth relweek relquarter relhour quarter_no weekday relweekday weekend halfyear relhalf calpart "
    "part daypart daynight clock ampm holiday festive lunarmonth lunarday fiscal dated "
    "before after within around onward inclusive until_end from until latest earliest still next_n last_n "
    "to and or between de every once "
    "exact nthweek more_than less_than at_least at_most up down mult then "
    "halfdur plus tod cal dur recur percent money quantity bounded "
).split()
_CHAR = {name: chr(0x4E00 + i) for i, name in enumerate(KINDS)}
BREAK = "."
_NAME = re.compile(r"[a-z_]+")


class Token(NamedTuple):
    """A stretch of the text with a meaning; `kind` is the kind's character."""

    kind: str
    start: int
    end: int
    value: Any

    def is_(self, name: str) -> bool:
        return self.kind == _CHAR[name]


@dataclass(frozen=True, slots=True)
class Context:
    """What a builder may look at: the wall-clock reference, the tenant's conventions, the (half-width) text."""

    now: datetime
    conventions: Conventions
    text: str

    @property
    def today(self) -> datetime:
        return self.now.replace(hour=0, minute=0, second=0, microsecond=0)


Build = Callable[[Sequence[Token], Context], Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """One production. `name` is what a trace shows; `needs` are kinds without which it cannot match."""

    name: str
    pattern: re.Pattern[str]
    makes: str
    build: Build
    needs: str


def char(name: str) -> str:
    """The character that stands for a kind."""
    return _CHAR[name]


def rule(name: str, pattern: str, makes: str, build: Build, *, needs: str) -> Rule:
    """A rule from a pattern over kind names; spaces are for the eye."""
    compiled = re.compile(_NAME.sub(lambda m: _CHAR[m[0]], pattern).replace(" ", ""))
    return Rule(name, compiled, _CHAR[makes], build, _CHAR[needs])


def rewrite(tokens: list[Token], rules: Iterable[Rule], context: Context) -> list[Token]:
    """Run the rules in order, each over the whole text, left to right."""
    kinds = "".join([t.kind for t in tokens])
    for one in rules:
        if one.needs in kinds and one.pattern.search(kinds):
            changed = _apply(one, tokens, kinds, context)
            if changed is not tokens:
                tokens = changed
                kinds = "".join([t.kind for t in tokens])
    return tokens


def _apply(one: Rule, tokens: list[Token], kinds: str, context: Context) -> list[Token]:
    out: list[Token] = []
    at = position = 0
    while m := one.pattern.search(kinds, position):
        start, end = m.span()
        matched = tokens[start:end]
        value = _value(one, matched, context)
        if value is None:
            position = start + 1
            continue
        out += tokens[at:start]
        out.append(Token(one.makes, matched[0].start, matched[-1].end, value))
        at = position = end
    if not out:
        return tokens
    return out + tokens[at:]


def _value(one: Rule, matched: Sequence[Token], context: Context) -> Any:
    try:
        return one.build(matched, context)
    except (ValueError, OverflowError):
        return None
