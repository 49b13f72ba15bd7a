"""Tokens, and rules over their kinds: the finder's grammar is a list of `Rule` records run in order.

Each kind is one character, so a text becomes a string of kinds and a rule's pattern is a regular expression over
it. A pattern is written with kind names: `"num month num day?"`. A match becomes one token of the kind `makes`;
`build` gives its value, or None (also by ValueError: 13月, 2月30日) where the words make no sense.
Tokens that touch (spaces apart) form a chain; rules work on one chain at a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import accumulate
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
LONGEST_CHAIN = 32  # tokens; a longer run is no speech
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
    """What a builder may look at: wall-clock reference, its midnight, tenant's conventions, (half-width) text."""

    now: datetime
    today: datetime
    conventions: Conventions
    text: str


Chain = list[Token]
Build = Callable[[Sequence[Token], Context], Any]
Grammar = Callable[[Chain, Context], list[Chain]]


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


def grammar(*stages: Sequence[Rule]) -> Grammar:
    """A function that rewrites a chain by the rules of every stage, in order, each rule from left to right.

    It gives the chain as it stands after each stage. Which rule matches where depends on the kinds alone, and the
    same few strings of kinds come again and again (`num month part`), so the next match is remembered.
    """
    rules = tuple(one for stage in stages for one in stage)
    ends = tuple(accumulate(len(stage) for stage in stages))

    @lru_cache(maxsize=8192)
    def search(kinds: str, index: int, position: int) -> tuple[int, int, int] | None:
        for number in range(index, len(rules)):
            one = rules[number]
            if one.needs in kinds and (m := one.pattern.search(kinds, position)):
                return number, *m.span()
            position = 0
        return None

    def run(chain: Chain, context: Context) -> list[Chain]:
        kinds = "".join([token.kind for token in chain])
        index = position = 0
        done: list[Chain] = []
        while found := search(kinds, index, position):
            index, start, end = found
            while index >= ends[len(done)]:
                done.append(chain)
            one, matched = rules[index], chain[start:end]
            value = _value(one, matched, context)
            position = start + 1
            if value is not None:
                chain = [*chain[:start], Token(one.makes, matched[0].start, matched[-1].end, value), *chain[end:]]
                kinds = f"{kinds[:start]}{one.makes}{kinds[end:]}"
        return [*done, *[chain] * (len(ends) - len(done))]

    return run


def _value(one: Rule, matched: Sequence[Token], context: Context) -> Any:
    try:
        return one.build(matched, context)
    except (ValueError, OverflowError):
        return None
