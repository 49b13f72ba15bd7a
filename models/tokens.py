"""Characters to ids: one id per code point of the raw text, so offsets never need mapping back."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PAD, UNK, CLS, SEP, MASK, SPACE, LINE = range(7)
FIRST_CHARACTER = 32  # ids below are special or unused
Ids = NDArray[np.int64]


class CodePoints(dict[str, int]):
    """The code-point table, filled as characters are met: `table["Ａ"]` is the id of `a`.

    Each character is normalised alone (NFKC, lower case); one that expands (㎡ → m2) keeps its first character,
    so the result always has the length of the text.
    """

    def __init__(self, vocabulary: Sequence[str]) -> None:
        super().__init__((token, i) for i, token in enumerate(vocabulary) if len(token) == 1)
        self._known = dict(self)

    def __missing__(self, char: str) -> int:
        plain = unicodedata.normalize("NFKC", char).lower()[:1]
        if char in "\n\r\x0b\x0c\x85\u2028\u2029":
            token = LINE
        elif char.isspace() or not plain.strip():
            token = SPACE
        else:
            token = self._known.get(plain, UNK)
        self[char] = token
        return token


class Tokenizer:
    """`encode("王总")` → `[CLS, 王, 总, SEP]`; the same lookup serves training and running."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self.vocabulary = tuple(vocabulary)
        self._table = CodePoints(self.vocabulary)

    @classmethod
    def load(cls, file: Path) -> Tokenizer:
        """Reads a `vocab.txt`: one token a line, the line number is the id."""
        return cls(file.read_text(encoding="utf-8").rstrip("\n").split("\n"))

    def encode(self, text: str) -> Ids:
        """Ids of shape `[len(text) + 2]`, int64."""
        table = self._table
        return np.array([CLS, *[table[c] for c in text], SEP], dtype=np.int64)

    def batch(self, texts: Sequence[str]) -> tuple[Ids, Ids]:
        """Padded ids and attention mask, both `[len(texts), longest + 2]`."""
        rows = [self.encode(text) for text in texts]
        ids = np.full((len(rows), max((len(r) for r in rows), default=0)), PAD, dtype=np.int64)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = row
        return ids, (ids != PAD).astype(np.int64)
