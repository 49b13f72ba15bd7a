"""What a match cannot do without: words that must occur, and how far from one of them the match can lie.

The scanner runs a pattern only where all the words it needs are in the text, and only around one of them. Both are
exact: running the pattern over the whole text finds the same matches (a property test compares them).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from re import _parser as sre  # type: ignore[attr-defined,unused-ignore]
from typing import Any

FAR = 1 << 20  # stands for "unbounded": longer than any note
SET_LIMIT = 40  # a larger character set is too common to be worth looking for
FEW = 40  # texts of a part that are still listed one by one
WAYS = 12  # more repetitions of parts that vary in length count as nested: 2 ** 12 ways to match are tried in no time


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

    `reach` is how many characters beyond its end a match may look at; `nested` that parts of variable length are
    repeated so often that the ways to match one stretch can be too many to try.
    """

    all: tuple[Need, ...]
    anchor: int | None
    reach: int
    nested: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """One part of a pattern: what it needs, how long its match can be, how far it looks ahead.

    One stretch can be matched in about 2 ** `ways` ways, by repetition of parts whose length `varies`.
    `texts` are all strings it can match where these are few; then `needs` holds only those of its look-arounds.
    """

    texts: frozenset[str] | None
    needs: tuple[Need, ...] = ()
    width: int = 0
    ahead: int = 0
    ways: int = 0
    varies: bool = False

    def wanted(self) -> tuple[Need, ...]:
        """All needs of the part."""
        return self.needs if self.texts is None or "" in self.texts else (Need(self.texts), *self.needs)


_EMPTY = frozenset(("",))
_ONE = Shape(None, width=1)
_NOTHING = Shape(_EMPTY)
_ANYTHING = Shape(None, width=FAR)


def any_word(words: Collection[str]) -> Shape:
    """The shape of an alternation of words."""
    if not words:
        return _NOTHING
    lengths, texts = {len(word) for word in words}, frozenset(words)
    exact = len(texts) <= FEW
    needed = () if exact or "" in texts else (Need(texts),)
    return Shape(texts if exact else None, needed, max(lengths), varies=len(lengths) > 1)


def needs(pattern: str, stand_ins: Mapping[str, Shape]) -> Needs:
    """Needs of a pattern in which a character of `stand_ins` is short for something of that shape.

    Raises re.error where Python's own parser does not know the syntax.
    """
    shape = _sequence(sre.parse(pattern), stand_ins)
    found = shape.wanted()
    inside = [n for n, need in enumerate(found) if need.inside]
    anchor = min(inside, key=lambda n: (found[n].before + found[n].after, *_rank(found[n])), default=None)
    return Needs(found, anchor, min(FAR, 1 + shape.ahead), shape.ways > WAYS)


def _sequence(tree: Any, stand_ins: Mapping[str, Shape]) -> Shape:
    """One element after the other: 不 + (?:想|要)? + 买 needs one of 不买, 不想买, 不要买."""
    parts = list(_parts(tree, stand_ins))
    if len(parts) == 1:
        return parts[0]
    total = sum(part.width for part in parts)
    found: list[Need] = []
    texts, begin, at = _EMPTY, 0, 0  # the strings of the stretch since `begin`
    exact = True
    for part in parts:
        longer = _product(texts, part.texts)
        if longer is None:
            exact = False
            found += _needed(texts, begin, total - at)
            begin, longer = (at, part.texts) if part.texts is not None else (at + part.width, _EMPTY)
        found += [_moved(need, at, total - at - part.width) for need in part.needs]
        texts, at = longer, at + part.width
    if not exact:
        found += _needed(texts, begin, 0)
    flags = min(FAR, sum(p.ways for p in parts)), any(p.varies for p in parts)
    ahead = max((p.ahead for p in parts), default=0)
    return Shape(texts if exact else None, tuple(found), min(FAR, total), ahead, *flags)


def _parts(tree: Any, stand_ins: Mapping[str, Shape]) -> Iterator[Shape]:
    """The shapes of a sequence; neighbouring characters are one."""
    word = ""
    for op, argument in tree:
        char = chr(argument) if op is sre.LITERAL else ""
        if char and char not in stand_ins:
            word += char
            continue
        if word:
            yield Shape(frozenset((word,)), width=len(word))
            word = ""
        yield stand_ins[char] if char else _BY_OP[op](argument, stand_ins) if op in _BY_OP else _ONE
    if word:
        yield Shape(frozenset((word,)), width=len(word))


def _product(left: frozenset[str], right: frozenset[str] | None) -> frozenset[str] | None:
    """Each of one followed by each of the other; None where these are more than a few."""
    if right is None or len(left) * len(right) > FEW:
        return None
    return frozenset(a + b for a in left for b in right)


def _needed(texts: frozenset[str], before: int, after: int) -> list[Need]:
    return [] if "" in texts else [_moved(Need(texts), before, after)]


def _moved(need: Need, before: int, after: int) -> Need:
    if not (before or after):
        return need
    return Need(need.words, min(FAR, need.before + before), min(FAR, need.after + after), need.inside)


def _rank(need: Need) -> tuple[int, int]:
    """The rarer words first: longer ones, then fewer."""
    return -min(map(len, need.words)), len(need.words)


def _branch(argument: Any, stand_ins: Mapping[str, Shape]) -> Shape:
    """All texts of the options where they are few; else of each option its rarest need, if all have one."""
    options = [_sequence(option, stand_ins) for option in argument[1]]
    width, ahead = max(o.width for o in options), max(o.ahead for o in options)
    ways = max(o.ways for o in options)
    sets = [o.texts for o in options if o.texts is not None]
    texts = frozenset[str]().union(*sets)
    if len(sets) == len(options) and len(texts) <= FEW:
        return Shape(texts, (), width, ahead, ways, len(set(map(len, texts))) > 1)
    found: tuple[Need, ...] = ()
    if all(option.wanted() for option in options):
        best = [min(option.wanted(), key=lambda n: (not n.inside, *_rank(n))) for option in options]
        words = frozenset[str]().union(*(need.words for need in best))
        before, after = max(n.before for n in best), max(n.after for n in best)
        found = (Need(words, before, after, all(n.inside for n in best)),)
    return Shape(None, found, width, ahead, ways, varies=True)


def _repeat(argument: Any, stand_ins: Mapping[str, Shape]) -> Shape:
    least, most, items = argument
    one = _sequence(items, stand_ins)
    width = min(FAR, int(most) * one.width)
    ways = int(most) * (one.ways + (most > 1 and one.varies))
    flags = min(FAR, ways), one.varies or least != most
    texts = _powers(one.texts, int(least), int(most))
    if texts is not None:
        return Shape(texts, one.needs if least else (), width, one.ahead, *flags)
    others = min(FAR, (int(most) - 1) * one.width)
    found = tuple(_moved(need, others, others) for need in one.wanted()) if least else ()
    return Shape(None, found, width, one.ahead, *flags)


def _powers(texts: frozenset[str] | None, least: int, most: int) -> frozenset[str] | None:
    """`texts` from `least` to `most` times in a row; None where these are more than a few."""
    if most > 3:
        return None
    every, power = set[str](), _EMPTY
    for times in range(most + 1):
        if times >= least:
            every |= power
        longer = _product(power, texts)
        if times < most and longer is None:
            return None
        power = longer or power
    return frozenset(every) if len(every) <= FEW else None


def _character_set(argument: Any, stand_ins: Mapping[str, Shape]) -> Shape:
    if len(argument) > SET_LIMIT or any(op is not sre.LITERAL for op, _ in argument):
        return _ONE
    options = [stand_ins.get(chr(code)) or any_word([chr(code)]) for _, code in argument]  # (?:x|y) is parsed as [xy]
    sets = [option.texts or option.needs[0].words for option in options]
    return any_word(frozenset[str]().union(*sets))


def _look_around(argument: Any, stand_ins: Mapping[str, Shape]) -> Shape:
    direction, items = argument
    inner = _sequence(items, stand_ins)
    ahead = inner.ahead + (inner.width if direction > 0 else 0)
    return Shape(_EMPTY, tuple(Need(n.words, inside=False) for n in inner.wanted()), 0, ahead, inner.ways)


def _look_around_not(argument: Any, stand_ins: Mapping[str, Shape]) -> Shape:
    return replace(_look_around(argument, stand_ins), needs=())


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
    sre.GROUPREF: lambda *_: _ANYTHING,
    sre.GROUPREF_EXISTS: lambda *_: _ANYTHING,
}
