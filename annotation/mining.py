"""New words from whole notes: what the notes have in common in which people put a value that nobody had read.

The words people decided on teach what they hold themselves (`annotation.proposals`); where a value was put in and the
words that gave it away stand elsewhere in the note, only the notes together can tell. Segments (jieba) and joined
neighbours are candidates; those that keep to these notes (log-likelihood ratio, Dunning 1993) and are held together
(pointwise mutual information, Church and Hanks 1990) are left. Needs `jieba` (extra `mining`); never sees offsets.
"""

from __future__ import annotations

import logging
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from annotation.proposals import LONGEST, Candidate, Limits, Observation, candidate_proposal, taught_values
from annotation.records import RecordError
from extractor.contract import Contract
from extractor.patterns import fold

SURE = 10.83  # of a log-likelihood ratio: chi-square with one degree of freedom, p < 0.001
COHESION = 3.0  # bits of mutual information from which on two neighbours are one word


@dataclass(frozen=True, slots=True)
class Words:
    """A tenant's notes, folded, and the notes that each of their words was cut from."""

    texts: Mapping[str, str]
    holders: Mapping[str, frozenset[str]]


def mine(
    contract: Contract, observations: Sequence[Observation], texts: Mapping[str, str], limits: Limits = Limits()
) -> list[Candidate]:
    """Words that belong to a value of a list, most telling first.

    `texts` are the tenant's notes by id, those nobody decided on too: they are what the others are told apart from.
    Raises RecordError without `jieba`.
    """
    words = words_of(texts, _cutter(contract))
    found = []
    for field, value, notes in taught_values(contract, observations):
        target = notes & texts.keys()
        telling = [
            Candidate("alias", field, word, value, round(told, 2))
            for word, told in keyness(words, target, limits.support)
            if candidate_proposal(
                contract, Candidate("alias", field, word, value, told), observations, texts, limits
            ) is not None
        ]  # fmt: skip
        found += _maximal(telling)
    return sorted(found, key=lambda c: (-c.keyness, c.field, c.words))


def words_of(texts: Mapping[str, str], cut: Any) -> Words:
    """Segments of at least two characters, and neighbours that hold together, by the notes they stand in."""
    singles: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    holders: defaultdict[str, set[str]] = defaultdict(set)
    joined: defaultdict[str, set[str]] = defaultdict(set)
    for note, text in texts.items():
        parts = [w if w.isalnum() else "" for w in cut(fold(text))]
        singles.update(w for w in parts if w)
        for first, second in pairwise(parts):
            if first and second and len(first + second) <= LONGEST:
                pairs[first, second] += 1
                joined[first + second].add(note)
        for word in parts:
            if 2 <= len(word) <= LONGEST:
                holders[word].add(note)
    total = singles.total()
    for (first, second), count in pairs.items():
        if count > 1 and math.log2(count * total / (singles[first] * singles[second])) >= COHESION:
            holders[first + second] |= joined[first + second]
    return Words(
        {note: fold(text) for note, text in texts.items()}, {word: frozenset(notes) for word, notes in holders.items()}
    )


def keyness(words: Words, target: frozenset[str], least: int = 1) -> Iterator[tuple[str, float]]:
    """Words of at least so many target notes that keep to them, with the log-likelihood ratio of that.

    Counted is every note that holds the word, however it was cut there.
    """
    rest = len(words.texts) - len(target)
    for word, cut in words.holders.items():
        if not cut & target:
            continue
        inside = sum(word in words.texts[note] for note in target)
        outside = sum(word in text for text in words.texts.values()) - inside
        told = likelihood(inside, outside, len(target), rest)
        if inside >= least and inside * rest > outside * len(target) and told >= SURE:
            yield word, told


def likelihood(a: int, b: int, of_a: int, of_b: int) -> float:
    """Dunning's G² of a word in `a` of `of_a` notes here and `b` of `of_b` there, over all four cells."""
    total, met = of_a + of_b, a + b
    cells = ((a, of_a, met), (b, of_b, met), (of_a - a, of_a, total - met), (of_b - b, of_b, total - met))
    return 2 * sum(seen * math.log(seen * total / (size * share)) for seen, size, share in cells if seen)


def _maximal(found: Sequence[Candidate]) -> list[Candidate]:
    """Of words that lie in one another the most telling, of equally telling ones the longest."""
    kept: list[Candidate] = []
    for c in sorted(found, key=lambda c: (-c.keyness, -len(c.words), c.words)):
        if not any(c.words in o.words or o.words in c.words for o in kept):
            kept.append(c)
    return kept


def _cutter(contract: Contract) -> Any:
    """A segmenter that knows the contract's word lists."""
    try:
        import jieba
    except ModuleNotFoundError:
        raise RecordError("挖新词需要 jieba；请装 pip install 'fieldnote[mining]'") from None
    jieba.setLogLevel(logging.ERROR)
    cut = jieba.Tokenizer()
    for word in sorted(_listed(contract)):
        cut.add_word(word)
    return cut.lcut


def _listed(contract: Contract) -> Iterable[str]:
    return {fold(word) for words in contract.lexicons.values() for word in words if len(word) > 1}
