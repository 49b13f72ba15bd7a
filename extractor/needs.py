"""What a match cannot do without: words that must occur, and how far from one of them the match can lie.

The scanner runs a pattern only where all the words it needs are in the text, and only around one of them. Both are
exact: running the pattern over the whole text finds the same matches (a property test compares them).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from re import _parser as sre  # type: ignore[attr-defined]
from typing import Any

FAR = 1 << 20  # stands for "unbounded": longer than any note
SET_LIMIT = 40  # a larger character set is too common to be worth looking for


@dataclass(frozen=True, slots=True)
class Need:
    """One of `words` occurs in every match (`inside`) or in the context that its look-arounds demand.

    An inside word has at most `before` characters of the match to its left and `after` to its right.
    """

    words: frozenset[str]
    before: int = 0
    after: int = 0
    inside: bool = True


@dataclass(frozen=True, slots=True)
class Needs:
    """All needs of one pattern; `anchor` indexes the inside need with the narrowest surroundings, if any.

    `reach` is how many characters beyond its end a match may look at; `nested` that a repetition holds another
    one, so that the ways to match can grow exponentially.
    """

    all: tuple[Need, ...]
    anchor: int | None
    reach: int
    nested: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """What one part of a pattern needs, how long its match can be, how far it looks ahead, whether it is `nested`."""

    needs: list[Need]
    width: int = 0
    ahead: int = 0
    nested: bool = False
    varies: bool = False


_ONE = Shape([], 1)
_NOTHING = Shape([])


def any_word(words: Collection[str]) -> Shape:
    """The shape of an alternation of words."""
    lengths = {len(word) for word in words}
    return Shape([Need(frozenset(words))], max(lengths), varies=len(lengths) > 1) if words else _NOTHING


def needs(pattern: str, stand_ins: Mapping[str, Shape]) -> Needs:
    """Needs of a pattern in which a character of `stand_ins` is short for something of that shape.

    Raises re.error where Python's own parser does not know the syntax.
    """
    shape = _sequence(sre.parse(pattern), stand_ins)
    found = tuple(shape.needs)
    inside = [n for n, need in enumerate(found) if need.inside]
    anchor = min(inside, key=lambda n: (found[n].before + found[n].after, *_rank(found[n])), default=None)
    return Needs(found, anchor, min(FAR, 1 + shape.ahead), shape.nested)


def _sequence(tree: Any, stand_ins: Mapping[str, Shape]) -> Shape:
    """One element after the other; neighbouring literals are one word."""
    parts: list[Shape] = []
    word = ""
    for op, argument in tree:
        char = chr(argument) if op is sre.LITERAL else ""
        if char and char not in stand_ins:
            word += char
            continue
        if word:
            parts.append(Shape([Need(frozenset((word,)))], len(word)))
            word = ""
        parts.append(stand_ins[char] if char else _BY_OP[op](argument, stand_ins) if op in _BY_OP else _ONE)
    if word:
        parts.append(Shape([Need(frozenset((word,)))], len(word)))
    return parts[0] if len(parts) == 1 else _joined(parts)


def _joined(parts: list[Shape]) -> Shape:
    total = sum(part.width for part in parts)
    found: list[Need] = []
    before = 0
    for part in parts:
        after = total - before - part.width
        found += [_moved(need, before, after) for need in part.needs]
        before += part.width
    flags = any(p.nested for p in parts), any(p.varies for p in parts)
    return Shape(found, min(FAR, total), max((p.ahead for p in parts), default=0), *flags)


def _moved(need: Need, before: int, after: int) -> Need:
    if not (before or after):
        return need
    return Need(need.words, min(FAR, need.before + before), min(FAR, need.after + after), need.inside)


def _rank(need: Need) -> tuple[int, int]:
    """The rarer words first: longer ones, then fewer."""
    return -min(map(len, need.words)), len(need.words)


def _branch(argument: Any, stand_ins: Mapping[str, Shape]) -> Shape:
    """Of each option its rarest need; nothing where one option needs nothing."""
    options = [_sequence(option, stand_ins) for option in argument[1]]
    found: list[Need] = []
    if all(option.needs for option in options):
        best = [min(option.needs, key=lambda n: (not n.inside, *_rank(n))) for option in options]
        words = frozenset[str]().union(*(need.words for need in best))
        before, after = max(n.before for n in best), max(n.after for n in best)
        found = [Need(words, before, after, all(n.inside for n in best))]
    ahead, nested = max(o.ahead for o in options), any(o.nested for o in options)
    return Shape(found, max(o.width for o in options), ahead, nested, varies=True)


def _repeat(argument: Any, stand_ins: Mapping[str, Shape]) -> Shape:
    least, most, items = argument
    one = _sequence(items, stand_ins)
    others = min(FAR, (int(most) - 1) * one.width)
    found = [_moved(need, others, others) for need in one.needs] if least else []
    width = min(FAR, int(most) * one.width)
    return Shape(found, width, one.ahead, one.nested or (most > 1 and one.varies), one.varies or least != most)


def _character_set(argument: Any, stand_ins: Mapping[str, Shape]) -> Shape:
    if len(argument) > SET_LIMIT or any(op is not sre.LITERAL for op, _ in argument):
        return _ONE
    options = [stand_ins.get(chr(code)) or any_word([chr(code)]) for _, code in argument]  # (?:x|y) is parsed as [xy]
    return any_word(frozenset[str]().union(*(need.words for option in options for need in option.needs)))


def _look_around(argument: Any, stand_ins: Mapping[str, Shape]) -> Shape:
    direction, items = argument
    inner = _sequence(items, stand_ins)
    ahead = inner.ahead + (inner.width if direction > 0 else 0)
    return Shape([Need(n.words, inside=False) for n in inner.needs], 0, ahead, inner.nested)


def _look_around_not(argument: Any, stand_ins: Mapping[str, Shape]) -> Shape:
    return replace(_look_around(argument, stand_ins), needs=[])


_BY_OP: dict[Any, Callable[[Any, Mapping[str, Shape]], Shape]] = {
    sre.BRANCH: _branch,
    sre.SUBPATTERN: lambda argument, stand_ins: _sequence(argument[-1], stand_ins),
    sre.ATOMIC_GROUP: _sequence,
    sre.MAX_REPEAT: _repeat,
    sre.MIN_REPEAT: _repeat,
    sre.POSSESSIVE_REPEAT: _repeat,
    sre.IN: _character_set,
    sre.ASSERT: _look_around,
    sre.ASSERT_NOT: _look_around_not,
    sre.AT: lambda *_: _NOTHING,
    sre.GROUPREF: lambda *_: Shape([], FAR),
    sre.GROUPREF_EXISTS: lambda *_: Shape([], FAR),
}
