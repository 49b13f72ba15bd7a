"""What a match cannot do without: words that must occur, and how far from one of them the match can lie.

The scanner runs a pattern only where all the words it needs are in the text, and only around one of them. Both are
exact: running the pattern over the whole text finds the same matches (a property test compares them).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
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


def needs(pattern: str) -> Needs:
    """Needs of an expanded pattern. Raises re.error where Python's own parser does not know the syntax."""
    tree = sre.parse(pattern)
    found = tuple(_sequence(tree))
    inside = [n for n, need in enumerate(found) if need.inside]
    anchor = min(inside, key=lambda n: (found[n].before + found[n].after, *_rank(found[n])), default=None)
    return Needs(found, anchor, 1 + _looks_ahead(tree), _nested(tree))


def _sequence(tree: Any) -> list[Need]:
    """Needs of the elements of one sequence, with the room that the other elements take."""
    widths = [_width(tree, item) for item in tree]
    found: list[Need] = []
    start = 0
    while start < len(tree):
        end = start + 1
        op, argument = tree[start]
        if op is sre.LITERAL:
            while end < len(tree) and tree[end][0] is sre.LITERAL:
                end += 1
            inner = [Need(frozenset(("".join(chr(code) for _, code in tree[start:end]),)))]
        else:
            inner = _BY_OP[op](argument) if op in _BY_OP else []
        before, after = sum(widths[:start]), sum(widths[end:])
        found += [replace(n, before=min(FAR, n.before + before), after=min(FAR, n.after + after)) for n in inner]
        start = end
    return found


def _width(tree: Any, item: Any) -> int:
    return min(FAR, int(sre.SubPattern(tree.state, [item]).getwidth()[1]))


def _rank(need: Need) -> tuple[int, int]:
    """The rarer words first: longer ones, then fewer."""
    return -min(map(len, need.words)), len(need.words)


def _branch(argument: Any) -> list[Need]:
    """Of each option its rarest need; nothing where one option needs nothing."""
    options = [_sequence(option) for option in argument[1]]
    if not all(options):
        return []
    best = [min(option, key=lambda n: (not n.inside, *_rank(n))) for option in options]
    return [reduce(_either, best)]


def _either(a: Need, b: Need) -> Need:
    return Need(a.words | b.words, max(a.before, b.before), max(a.after, b.after), a.inside and b.inside)


def _repeat(argument: Any) -> list[Need]:
    least, most, items = argument
    if not least:
        return []
    others = min(FAR, (int(most) - 1) * int(items.getwidth()[1]))
    return [replace(n, before=min(FAR, n.before + others), after=min(FAR, n.after + others)) for n in _sequence(items)]


def _character_set(argument: Any) -> list[Need]:
    if len(argument) > SET_LIMIT or any(op is not sre.LITERAL for op, _ in argument):
        return []
    return [Need(frozenset(chr(code) for _, code in argument))]


def _look_around(argument: Any) -> list[Need]:
    return [replace(need, inside=False) for need in _sequence(argument[1])]


_BY_OP: dict[Any, Callable[[Any], list[Need]]] = {
    sre.BRANCH: _branch,
    sre.SUBPATTERN: lambda argument: _sequence(argument[-1]),
    sre.MAX_REPEAT: _repeat,
    sre.MIN_REPEAT: _repeat,
    sre.IN: _character_set,
    sre.ASSERT: _look_around,
}


def _looks_ahead(tree: Any) -> int:
    """How far the look-aheads in a tree, wanted or refused, look at most."""
    far = 0
    for op, argument in tree:
        inner = max(map(_looks_ahead, _subtrees(argument)), default=0)
        ahead = op in (sre.ASSERT, sre.ASSERT_NOT) and argument[0] > 0
        far = max(far, inner + (int(argument[1].getwidth()[1]) if ahead else 0))
    return min(FAR, far)


def _subtrees(argument: Any) -> Iterator[Any]:
    if isinstance(argument, sre.SubPattern):
        yield argument
    elif isinstance(argument, (tuple, list)):
        for part in argument:
            yield from _subtrees(part)


def _nested(tree: Any, *, repeated: bool = False) -> bool:
    """Whether something of variable length is repeated more than once."""
    for op, argument in tree:
        many = op in (sre.MAX_REPEAT, sre.MIN_REPEAT) and argument[1] > 1
        varies = op is sre.BRANCH or (op in (sre.MAX_REPEAT, sre.MIN_REPEAT) and argument[0] != argument[1])
        if repeated and varies:
            return True
        if any(_nested(inner, repeated=repeated or many) for inner in _subtrees(argument)):
            return True
    return False
