"""Copies among notes: the same words, or nearly so (MinHash over character n-grams, Broder 1997; checked exactly).

Punctuation does not count. Needs `datasketch` (extra `train`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from annotation.records import Record, RecordError, Said

GRAM, PERMUTATIONS, SEED = 3, 128, 1
NEAR = 0.5  # of 2,204 real notes no two reach 0.3; of copies with another name put in, 95% keep 0.5
MISSED = 1e-6  # chance that the sketches lose a pair that is just similar enough

Watch = Callable[[Sequence[frozenset[str]]], Iterable[frozenset[str]]]


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
    """Character n-grams of the letters and digits, or of the normal text without any; a shorter text is its own."""
    whole = normal(text)
    plain = "".join(c for c in whole if c.isalnum()) or whole
    return frozenset(plain[i : i + GRAM] for i in range(max(1, len(plain) - GRAM + 1)))


def near_pairs(texts: Sequence[str], least: float = NEAR, watch: Watch = iter) -> list[Pair]:
    """Every pair with at least this similarity, by index. Raises RecordError without `datasketch`.

    `watch` goes over the notes as they are compared, to show progress.
    """
    try:
        from datasketch import MinHash, MinHashLSH
    except ModuleNotFoundError:
        raise RecordError("查近似重复需要 datasketch；请装 pip install 'fieldnote[train]'") from None
    index = MinHashLSH(num_perm=PERMUTATIONS, params=bands(least))
    sets = [grams(text) for text in texts]
    found = []
    for at, own in enumerate(watch(sets)):
        sketch = MinHash(num_perm=PERMUTATIONS, seed=SEED)
        sketch.update_batch([g.encode(errors="surrogatepass") for g in sorted(own)])
        for other in sorted(index.query(sketch)):
            similarity = len(own & sets[other]) / len(own | sets[other])
            if similarity >= least:
                found.append(Pair(other, at, similarity))
        index.insert(at, sketch)
    return found


def bands(least: float) -> tuple[int, int]:
    """(bands, rows) of the index: the longest rows that still miss a pair of this similarity `MISSED` of the time.

    A pair of similarity s shares no band with chance (1 − s^rows)^bands (Leskovec, Rajaraman, Ullman: Mining of Massive
    Datasets, 3.4).
    """
    fits = (r for r in range(PERMUTATIONS // 2, 0, -1) if (1 - least**r) ** (PERMUTATIONS // r) <= MISSED)
    rows = next(fits, 1)
    return PERMUTATIONS // rows, rows


def distinct(records: Iterable[Record]) -> list[Record]:
    """One record a text, the first of `copies`; by time in the end."""
    return sorted((same[0] for same in copies(records)), key=lambda r: (r.sent_at or "", r.id, r.line()))


def copies(records: Iterable[Record]) -> list[list[Record]]:
    """Records of the same text: complete ones first, then an annotator's, those with more marks, by time and id."""
    same: dict[str, list[Record]] = {}
    for record in sorted(records, key=_trust):
        same.setdefault(normal(record.text), []).append(record)
    return list(same.values())


def _trust(record: Record) -> tuple[object, ...]:
    by_annotator = any(m.origin == "annotator" for m in record.marks)
    return (
        not record.complete, not by_annotator, -len(record.marks), record.sent_at or "", record.id, record.line()
    )  # fmt: skip


def conflicts(records: Iterable[Record]) -> list[dict[str, str]]:
    """Copies that say otherwise than the one kept: ids `kept` and `dropped`, and the first `field` they differ in."""
    found = []
    for first, *others in copies(records):
        for other in others:
            fields = _against(first, other)
            if fields:
                found.append({"kept": first.id, "dropped": other.id, "field": min(fields)})
    return sorted(found, key=lambda c: (c["kept"], c["dropped"]))


def _against(first: Record, other: Record) -> set[str]:
    """Fields in which one says what the other denies, values differently, or, having seen the whole note, lacks."""
    ours, theirs = _said(first), _said(other)
    differ = {key for key in ours.keys() & theirs.keys() if not _agree(ours[key], theirs[key])}
    lacks = [
        {key for key, mark in said.items() if not mark.denied and key not in has}
        for said, has, whole in ((ours, theirs, other.complete), (theirs, ours, first.complete))
        if whole
    ]
    return {field for field, _ in differ.union(*lacks)}


def _said(record: Record) -> dict[tuple[str, tuple[str, ...]], Said]:
    return {(m.field, tuple(normal(record.text[s.start : s.end]) for s in m.spans)): m for m in record.marks}


def _agree(one: Said, two: Said) -> bool:
    """A mark without a value agrees with any."""
    return one.denied == two.denied and (one.value is None or two.value is None or one.value == two.value)


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
