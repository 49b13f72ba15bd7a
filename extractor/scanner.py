"""Run hundreds of patterns in microseconds: one Aho-Corasick pass says which can match, and where to run them.

A pattern over plain text runs on the raw view; one with value placeholders on the view in which values are tokens;
one with field placeholders on the view in which those fields' findings are tokens too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial, reduce
from operator import and_
from typing import Any, Generic, TypeVar

from ahocorasick_rs import AhoCorasick

from extractor.errors import ContractError
from extractor.needs import FAR, Needs, Shape, any_word, needs
from extractor.patterns import PRIVATE, VALUE_TOKENS, Alternations, expand, fold
from extractor.reading import View
from extractor.types import Span

TIME_LIMIT = 0.05  # seconds a single pattern may take on one note
SHORT = 200  # characters
Owner = TypeVar("Owner")
_Met = dict[int, list[tuple[int, int]]]  # needle → where it occurs
_EVERYWHERE = [(0, FAR)]


@dataclass(frozen=True, slots=True)
class Hit(Generic[Owner]):
    """One match: whose it is, the evidence span and the whole matched span (raw offsets), the speaker if quoted."""

    owner: Owner
    span: Span
    whole: Span
    speaker: Span | None = None


class Pattern:
    """A pattern of the contract. In `outline` each lexicon is one character of `stand_ins`, which keeps loading quick;
    `source` is what is compiled, at first use."""

    def __init__(
        self, expanded: Callable[[], str], outline: str, stand_ins: Mapping[str, Shape], file: str, key: str
    ) -> None:
        self.file, self.key = file, key
        self._expanded, self._outline, self._stand_ins = expanded, outline, stand_ins

    @cached_property
    def source(self) -> str:
        """The whole expression."""
        return self._expanded()

    @cached_property
    def _unlimited(self) -> re.Pattern[str]:
        return re.compile(self.source)

    @cached_property
    def needs(self) -> Needs:
        """What a match cannot do without."""
        try:
            return needs(self._outline, self._stand_ins)
        except Exception as error:
            raise ContractError(self.file, self.key, f"正则写错了：{error}") from None

    @cached_property
    def compiled(self) -> Any:
        """By `regex`, which takes a time limit; imported here because short notes never need it."""
        import regex

        try:
            return regex.compile(self.source)
        except regex.error as error:
            raise ContractError(self.file, self.key, f"正则写错了：{error}") from None

    def search(self, view: View, start: int, end: int) -> bool:
        """Whether it is found within raw offsets `[start, end)`; a pattern out of time counts as not found."""
        start, end = view.position(start), view.position(end)
        if end - start <= SHORT and not self.needs.nested:
            return self._unlimited.search(view.text, start, end) is not None
        try:
            return self.compiled.search(view.text, start, end, timeout=TIME_LIMIT) is not None
        except TimeoutError:
            return False

    def matches(self, view: View, start: int = 0, end: int = FAR) -> list[Any]:
        """Non-overlapping matches within `[start, end)` of the view; those until the time limit is reached.

        Without nested repetition the ways to match a short stretch are few, so that no time limit is needed: there
        Python's own `re`, which has none, takes half the time of `regex`.
        """
        start, end = max(0, start), min(end, len(view.text))
        if end - start <= SHORT and not self.needs.nested:
            return list(self._unlimited.finditer(view.text, start, end))
        found: list[Any] = []
        with suppress(TimeoutError):
            found.extend(self.compiled.finditer(view.text, start, end, timeout=TIME_LIMIT))
        return found


class Tokens:
    """What placeholders stand for: a private-use character for each value type and field, the words of each lexicon."""

    def __init__(self, fields: Sequence[str], lexicons: Mapping[str, Sequence[str]]) -> None:
        self.of = {name: chr(PRIVATE + n) for n, name in enumerate((*VALUE_TOKENS, *fields))}
        self._full = Alternations(lexicons, self.of)
        stand_in = {name: chr(PRIVATE + len(self.of) + n) for n, name in enumerate(sorted(lexicons))}
        self._outline = {**self.of, **{f"lex:{name}": char for name, char in stand_in.items()}}
        self._stand_ins = {char: any_word([fold(w) for w in lexicons[name]]) for name, char in stand_in.items()}

    def pattern(self, source: str, file: str, key: str) -> Pattern:
        """Expand the placeholders. Raises ContractError for one that names nothing."""
        try:
            outline = expand(source, self._outline)
        except KeyError as error:
            raise ContractError(file, key, f"占位符 {{{error.args[0]}}} 既不是值类型，也不是字段或词表") from None
        return Pattern(partial(expand, source, self._full), outline, self._stand_ins, file, key)


class Scanner(Generic[Owner]):
    """All patterns and words that run on one view.

    `_planes[needle]` says which needs of which patterns a needle meets: in plane k, bit p stands for the k-th need of
    pattern p. A pattern is worth running where its bit is set in every plane.
    """

    def __init__(self, patterns: Sequence[tuple[Owner, Pattern]], words: Sequence[tuple[Owner, Sequence[str]]]) -> None:
        self.patterns = list(patterns)
        self._needles: dict[str, int] = {}
        self._owners: dict[int, list[Owner]] = {}
        for owner, entries in words:
            for word in entries:
                self._owners.setdefault(self._needle(fold(word)), []).append(owner)
        needs = [[frozenset(map(self._needle, n.words)) for n in p.needs.all] for _, p in self.patterns]
        self._anchors = [_anchor(p.needs, needs) for (_, p), needs in zip(self.patterns, needs, strict=True)]
        depth = max(map(len, needs), default=0)
        self._idle = [sum(1 << p for p, sets in enumerate(needs) if len(sets) <= k) for k in range(depth)]
        planes: dict[int, dict[int, int]] = {}
        for p, sets in enumerate(needs):
            for k, needles in enumerate(sets):
                for needle in needles:
                    mine = planes.setdefault(needle, {})
                    mine[k] = mine.get(k, 0) | 1 << p
        self._planes = [tuple(planes.get(n, {}).items()) for n in range(len(self._needles))]
        self._all = (1 << len(self.patterns)) - 1
        self._automaton = AhoCorasick(list(self._needles))

    def _needle(self, text: str) -> int:
        return self._needles.setdefault(text, len(self._needles))

    def scan(self, view: View) -> list[Hit[Owner]]:
        """Every match on this view: words first, then patterns in the order of the contract."""
        met, complete = self._look(view)
        hits = self._words(view, met)
        while complete:
            lowest = complete & -complete
            complete ^= lowest
            number = lowest.bit_length() - 1
            owner, pattern = self.patterns[number]
            for start, end in self._windows(number, met, len(view.text)):
                hits += [_hit(owner, view, match) for match in pattern.matches(view, start, end)]
        return hits

    def _look(self, view: View) -> tuple[_Met, int]:
        """Where each needle occurs, and as bits the patterns all of whose needs are met."""
        met: _Met = {}
        planes = list(self._idle)
        for needle, start, end in self._automaton.find_matches_as_indexes(view.text, overlapping=True):
            if needle in met:
                met[needle].append((start, end))
                continue
            met[needle] = [(start, end)]
            for k, bits in self._planes[needle]:
                planes[k] |= bits
        return met, reduce(and_, planes, self._all)

    def _words(self, view: View, met: _Met) -> list[Hit[Owner]]:
        words: dict[int, list[tuple[int, int, Owner]]] = {}
        for needle, places in met.items():
            for owner in self._owners.get(needle, ()):
                words.setdefault(id(owner), []).extend((start, end, owner) for start, end in places)
        groups = sorted(words.values(), key=lambda entries: min(entry[:2] for entry in entries))
        return [hit for entries in groups for hit in _longest_words(view, entries)]

    def _windows(self, number: int, met: _Met, length: int) -> list[tuple[int, int]]:
        """Where a match of the pattern can lie: around its anchor's words, in a short text anywhere."""
        anchor = self._anchors[number]
        if anchor is None:
            return _EVERYWHERE
        needles, left, right = anchor
        if left + right >= length:
            return _EVERYWHERE
        places = [(a - left, b + right) for needle in needles.intersection(met) for a, b in met[needle]]
        return places if len(places) == 1 else _merged(places)


def _anchor(wanted: Needs, needles: Sequence[frozenset[int]]) -> tuple[frozenset[int], int, int] | None:
    """The needles of the anchor, and how far a match and what it looks at can lie to their left and right."""
    if wanted.anchor is None:
        return None
    need = wanted.all[wanted.anchor]
    return needles[wanted.anchor], need.before, need.after + wanted.reach


def _merged(places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Overlapping or touching stretches as one, in text order."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(places):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _hit(owner: Owner, view: View, match: Any) -> Hit[Owner]:
    """The evidence is the group `v` where the pattern has one, else the whole match."""
    groups = match.groupdict()
    whole = view.span(*match.span())
    span = view.span(*match.span("v")) if groups.get("v") is not None else whole
    speaker = view.span(*match.span("speaker")) if groups.get("speaker") is not None else None
    return Hit(owner, span, whole, speaker)


def _longest_words(view: View, entries: list[tuple[int, int, Owner]]) -> Iterator[Hit[Owner]]:
    """Longest words win; a Latin word must not be part of a longer Latin word."""
    taken = 0
    for start, end, owner in sorted(entries, key=lambda e: (e[0], -e[1])):
        if start >= taken and _stands_alone(view.text, start, end):
            taken = end
            yield Hit(owner, view.span(start, end), view.span(start, end))


def _stands_alone(text: str, start: int, end: int) -> bool:
    left = start > 0 and _latin(text[start - 1]) and _latin(text[start])
    right = end < len(text) and _latin(text[end]) and _latin(text[end - 1])
    return not (left or right)


def _latin(char: str) -> bool:
    return char.isascii() and char.isalpha()
