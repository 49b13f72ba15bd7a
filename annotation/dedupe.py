"""Copies among notes: the same words, or nearly so (MinHash over character n-grams, Broder 1997; checked exactly).

Needs `datasketch` (extra `train`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from annotation.records import Record, RecordError

GRAM, PERMUTATIONS, SEED = 3, 128, 1
MARGIN = 0.15  # the sketch is asked for this much less, so that its error loses no pair


@dataclass(frozen=True, slots=True)
class Pair:
    """Two notes by index, and the Jaccard similarity of their n-grams."""

    first: int
    second: int
    similarity: float


def normal(text: str) -> str:
    """The text without what copying changes: width, case, white space."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def grams(text: str) -> frozenset[str]:
    """Character n-grams of the normal text; a shorter text is its own."""
    plain = normal(text)
    return frozenset(plain[i : i + GRAM] for i in range(max(1, len(plain) - GRAM + 1)))


def near_pairs(texts: Sequence[str], least: float) -> list[Pair]:
    """Every pair with at least this similarity, by index. Raises RecordError without `datasketch`."""
    try:
        from datasketch import MinHash, MinHashLSH
    except ModuleNotFoundError:
        raise RecordError("查近似重复需要 datasketch；请装 pip install 'fieldnote[train]'") from None
    index = MinHashLSH(threshold=max(0.1, least - MARGIN), num_perm=PERMUTATIONS)
    sets = [grams(text) for text in texts]
    found = []
    for at, own in enumerate(sets):
        sketch = MinHash(num_perm=PERMUTATIONS, seed=SEED)
        sketch.update_batch([g.encode() for g in sorted(own)])
        for other in sorted(index.query(sketch)):
            similarity = len(own & sets[other]) / len(own | sets[other])
            if similarity >= least:
                found.append(Pair(other, at, similarity))
        index.insert(at, sketch)
    return found


def distinct(records: Iterable[Record]) -> list[Record]:
    """One record a text: complete ones first, then those with more marks, then by time and id; by time in the end."""
    best: dict[str, Record] = {}
    order = sorted(records, key=lambda r: (not r.complete, -len(r.marks), r.sent_at or "", r.id))
    for record in order:
        best.setdefault(normal(record.text), record)
    return sorted(best.values(), key=lambda r: (r.sent_at or "", r.id))


def components(size: int, links: Iterable[tuple[int, int]]) -> Iterator[list[int]]:
    """Indices that hang together by links, each group in order, groups by their first index."""
    parent = list(range(size))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    for first, second in links:
        low, high = sorted((root(first), root(second)))
        parent[high] = low
    groups: dict[int, list[int]] = {}
    for at in range(size):
        groups.setdefault(root(at), []).append(at)
    yield from groups.values()
