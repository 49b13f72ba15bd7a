"""A note as rules read it: folded text, the values found in it, and views in which findings are single tokens."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from extractor.patterns import CLAUSE_END, SENTENCE_END, fold
from extractor.types import Note, Span
from extractor.values.finder import find_values
from extractor.values.tables import TABLES
from extractor.values.types import Found

_CLAUSE_END = re.compile(f"[{CLAUSE_END}]")
_PHRASE_END = re.compile(f'[{CLAUSE_END}：:、|｜【】「」“”"（）()\\t]')


@dataclass(frozen=True, slots=True)
class View:
    """Folded text in which some spans are one private-use character each; `starts` maps back to raw offsets."""

    text: str
    starts: Sequence[int]

    def span(self, start: int, end: int) -> Span:
        """Raw span of `[start, end)` of this view."""
        return Span(self.starts[start], self.starts[end])

    def position(self, raw: int) -> int:
        """First position of the view at or after a raw offset."""
        return bisect_left(self.starts, raw)


@dataclass(frozen=True, slots=True)
class Reading:
    """What every stage looks at. Sentence and clause bounds are raw offsets."""

    note: Note
    raw: View
    values: tuple[Found, ...]
    sentence_breaks: tuple[int, ...]
    clause_breaks: tuple[int, ...]

    def sentence(self, span: Span) -> Span:
        return _between(self.sentence_breaks, span)

    def clause(self, span: Span) -> Span:
        return _between(self.clause_breaks, span)


def read(note: Note, tables: Path = TABLES) -> Reading:
    """Fold the text, find its values (by `tables`), note where clauses and sentences end."""
    text = fold(note.text)
    clauses = tuple(m.end() for m in _CLAUSE_END.finditer(text))
    sentences = tuple(i for i in clauses if text[i - 1] in SENTENCE_END)
    raw = View(text, range(len(text) + 1))
    return Reading(
        note,
        raw,
        find_values(note.text, note.sent_at, folder=tables),
        (0, *sentences, len(text) + 1),
        (0, *clauses, len(text) + 1),
    )


def mask(view: View, spans: Iterable[tuple[Span, str]]) -> View:
    """`view` with each raw span replaced by its token character. Of overlapping spans the longest stays."""
    chosen: list[tuple[Span, str]] = []
    for span, token in sorted(spans, key=_longest_first):
        if not any(span.overlaps(other) for other, _ in chosen):
            chosen.append((span, token))
    if not chosen:
        return view
    parts: list[str] = []
    starts: list[int] = []
    at = 0
    for span, token in sorted(chosen):
        begin, end = view.position(span.start), view.position(span.end)
        parts += [view.text[at:begin], token]
        starts += [*view.starts[at:begin], span.start]
        at = end
    return View("".join([*parts, view.text[at:]]), (*starts, *view.starts[at:]))


def widened(span: Span, reach: int, text: str, stops: Iterable[Span]) -> Span:
    """`span` grown by up to `reach` characters to each side, not over punctuation, brackets or any of `stops`."""
    start, end = max(0, span.start - reach), min(len(text), span.end + reach)
    start = max([start, *(m.end() for m in _PHRASE_END.finditer(text, start, span.start))])
    after = _PHRASE_END.search(text, span.end, end)
    end = after.start() if after else end
    for stop in stops:
        if start < stop.end <= span.start:
            start = stop.end
        elif span.end <= stop.start < end:
            end = stop.start
    while start < span.start and text[start].isspace():
        start += 1
    while end > span.end and text[end - 1].isspace():
        end -= 1
    return Span(start, end)


def _longest_first(item: tuple[Span, str]) -> tuple[int, int]:
    return item[0].start - item[0].end, item[0].start


def _between(breaks: tuple[int, ...], span: Span) -> Span:
    low = bisect_left(breaks, span.start + 1) - 1
    high = bisect_left(breaks, span.end, lo=low + 1)
    return Span(breaks[low], breaks[min(high, len(breaks) - 1)])
