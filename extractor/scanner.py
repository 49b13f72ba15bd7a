"""Run hundreds of patterns in microseconds: one Aho-Corasick pass says which can match, only those are run.

A pattern over plain text runs on the raw view; one with value placeholders on the view in which values are tokens;
one with field placeholders on the view in which those fields' findings are tokens too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

import regex
from ahocorasick_rs import AhoCorasick

from extractor.errors import ContractError
from extractor.patterns import PRIVATE, VALUE_TOKENS, expand, fold, literals
from extractor.reading import View
from extractor.types import Span

TIME_LIMIT = 0.05  # seconds a single pattern may take on one note
Owner = TypeVar("Owner")


@dataclass(frozen=True, slots=True)
class Hit(Generic[Owner]):
    """One match: whose it is, the evidence span and the whole matched span (raw offsets), the speaker if quoted."""

    owner: Owner
    span: Span
    whole: Span
    speaker: Span | None = None


class Pattern:
    """A pattern of the contract, compiled at first use."""

    def __init__(self, source: str, file: str, key: str) -> None:
        self.source, self.file, self.key = source, file, key

    @cached_property
    def compiled(self) -> Any:
        try:
            return regex.compile(self.source)
        except regex.error as error:
            raise ContractError(self.file, self.key, f"正则写错了：{error}") from None

    def search(self, view: View, start: int, end: int) -> bool:
        """Whether it is found within raw offsets `[start, end)`; a pattern out of time counts as not found."""
        try:
            return (
                self.compiled.search(view.text, view.position(start), view.position(end), timeout=TIME_LIMIT)
                is not None
            )
        except TimeoutError:
            return False

    def matches(self, view: View) -> Iterator[Any]:
        """Non-overlapping matches; stops silently where the time limit is reached."""
        try:
            yield from self.compiled.finditer(view.text, timeout=TIME_LIMIT)
        except TimeoutError:
            return


class Tokens:
    """Placeholder name → its private-use character."""

    def __init__(self, fields: Sequence[str]) -> None:
        self.of = {name: chr(PRIVATE + n) for n, name in enumerate((*VALUE_TOKENS, *fields))}

    def pattern(self, source: str, lexicons: Mapping[str, Sequence[str]], file: str, key: str) -> Pattern:
        """Expand the placeholders. Raises ContractError for one that names nothing."""
        try:
            return Pattern(expand(source, self.of, lexicons), file, key)
        except KeyError as error:
            raise ContractError(file, key, f"占位符 {{{error.args[0]}}} 既不是值类型，也不是字段或词表") from None


class Scanner(Generic[Owner]):
    """All patterns and words that run on one view."""

    def __init__(self, patterns: Sequence[tuple[Owner, Pattern]], words: Sequence[tuple[Owner, Sequence[str]]]) -> None:
        self.patterns = list(patterns)
        self._complete = [0] * len(self.patterns)  # bits of all sets that a pattern requires
        self._jobs: list[list[tuple[int, int]]] = []  # needle → (pattern, bit of the set it is in)
        self._owners: list[list[Owner]] = []
        needles: dict[str, int] = {}
        for number, (_, pattern) in enumerate(self.patterns):
            self._index_literals(number, pattern, needles)
        for owner, entries in words:
            for word in entries:
                self._owners[self._needle(fold(word), needles)].append(owner)
        self._always = [n for n, bits in enumerate(self._complete) if not bits]
        self._automaton = AhoCorasick(list(needles)) if needles else None

    def _needle(self, text: str, needles: dict[str, int]) -> int:
        number = needles.setdefault(text, len(needles))
        if number == len(self._jobs):
            self._jobs.append([])
            self._owners.append([])
        return number

    def _index_literals(self, number: int, pattern: Pattern, needles: dict[str, int]) -> None:
        try:
            required = literals(pattern.source)
        except Exception as error:
            raise ContractError(pattern.file, pattern.key, f"正则写错了：{error}") from None
        for place, texts in enumerate(required):
            self._complete[number] |= 1 << place
            for text in texts:
                self._jobs[self._needle(text, needles)].append((number, 1 << place))

    def scan(self, view: View) -> Iterator[Hit[Owner]]:
        """Every match on this view: words first, then patterns in the order of the contract."""
        met: dict[int, int] = {}
        words: dict[int, list[tuple[int, int, Owner]]] = {}
        if self._automaton:
            for needle, start, end in self._automaton.find_matches_as_indexes(view.text, overlapping=True):
                for number, bit in self._jobs[needle]:
                    met[number] = met.get(number, 0) | bit
                for owner in self._owners[needle]:
                    words.setdefault(id(owner), []).append((start, end, owner))
        for entries in words.values():
            yield from _longest_words(view, entries)
        for number in sorted([*self._always, *(n for n, bits in met.items() if bits == self._complete[n])]):
            owner, pattern = self.patterns[number]
            for match in pattern.matches(view):
                yield _hit(owner, view, match)


def _hit(owner: Owner, view: View, match: Any) -> Hit[Owner]:
    groups = match.re.groupindex
    whole = view.span(*match.span())
    span = view.span(*match.span("v")) if "v" in groups and match.start("v") >= 0 else whole
    speaker = view.span(*match.span("speaker")) if "speaker" in groups and match.start("speaker") >= 0 else None
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
