"""Patterns of the contract: placeholders and folding.

Rules see folded text: full-width letters and digits half-width, Latin letters lower-case, one code point for one
code point, so that offsets into folded text are offsets into the raw text.

Placeholders in a pattern:
    {time} {money} {quantity} {percent} {duration} {recurrence} {phone}   one expression of the value finder
    {contact_person} ...                                                  one finding of that field's own rules
    {gap:6}    up to 6 characters inside the clause      {far:12}   up to 12 inside the sentence
    {han}      one Chinese character                     {lex:NAME} any word of lexicons/NAME.tsv
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

VALUE_TOKENS = ("time", "money", "quantity", "percent", "duration", "recurrence", "phone")
PRIVATE = 0xE000
CLAUSE_END = "，,。；;！!？?\n"
SENTENCE_END = "。；;！!？?\n"
_PLACEHOLDER = re.compile(r"(?<!\\p)\{([a-z_]+)(?::([^{}]+))?\}")

# Half-width letters and digits, lower-case; private-use and surrogate code points become U+FFFD.
_FOLD: dict[int, str] = {0x3000: " "} | {
    c: chr(c - 0xFEE0).lower() for c in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
}
_FOLD |= {c: chr(c + 32) for c in range(65, 91)} | {0xFF05: "%", 0xFF0E: ".", 0xFF0D: "-", 0xFF0B: "+"}
_FOLDED = re.compile("[A-Z０-９Ａ-Ｚａ-ｚ％．－＋\u3000\ud800-\udfff\ue000-\uf8ff]")


def fold(text: str) -> str:
    """The text as rules see it; `len(fold(text)) == len(text)` and positions correspond."""
    return _FOLDED.sub(_plain, text)


def _plain(m: re.Match[str]) -> str:
    return _FOLD.get(ord(m[0]), "\ufffd")


def references(pattern: str) -> set[str]:
    """Names of value types and fields that a pattern's placeholders stand for."""
    return {m[1] for m in _PLACEHOLDER.finditer(pattern)} - {"gap", "far", "han", "lex"}


def expand(pattern: str, tokens: Mapping[str, str]) -> str:
    """The pattern as a plain regular expression over masked text; `tokens` has `time`, `lex:NAME` and so on.

    Raises KeyError with the unknown placeholder's name.
    """
    return _PLACEHOLDER.sub(partial(_expand_one, tokens), pattern)


def _expand_one(tokens: Mapping[str, str], m: re.Match[str]) -> str:
    name, argument = m[1], m[2]
    match name:
        case "gap":
            return f"[^{CLAUSE_END}]{{0,{int(argument)}}}"
        case "far":
            return f"[^{SENTENCE_END}]{{0,{int(argument)}}}"
        case "han":
            return "[\u4e00-\u9fff]"
    return tokens[f"{name}:{argument}" if argument else name]


class Alternations(dict[str, str]):
    """`tokens`, and for `lex:NAME` a group that matches any word of that lexicon, made when it is first asked for."""

    def __init__(self, lexicons: Mapping[str, Sequence[str]], tokens: Mapping[str, str] | None = None) -> None:
        super().__init__(tokens or {})
        self._lexicons = lexicons

    def __missing__(self, name: str) -> str:
        kind, _, lexicon = name.partition(":")
        if kind != "lex" or lexicon not in self._lexicons:
            raise KeyError(name)
        self[name] = made = alternation(self._lexicons[lexicon])
        return made


def alternation(words: Sequence[str]) -> str:
    """A group that matches any of the words, of two that begin alike the longer first.

    Words share their beginnings as in a trie: where none begins here, one look at the first character says so.
    """
    trie: dict[str, Any] = {}
    for word in dict.fromkeys(map(fold, words)):
        node = trie
        for char in word:
            node = node.setdefault(char, {})
        node[""] = {}
    if all(len(word) == 1 for word in words):
        return f"[{''.join(sorted(map(re.escape, trie)))}]" if words else "(?:)"
    first = "".join(sorted(re.escape(char) for char in trie if char))
    guard = f"(?=[{first}])" if len(trie) > 1 else ""
    return f"(?:{guard}(?:{_branches(trie)}))"


def _branches(trie: Mapping[str, Any]) -> str:
    """The words of a trie, without the group around them."""
    leaves = [char for char, below in trie.items() if char and list(below) == [""]]
    options = [re.escape(char) + _below(below) for char, below in trie.items() if char and list(below) != [""]]
    if len(leaves) > 1:
        options.append(f"[{''.join(map(re.escape, leaves))}]")
    elif leaves:
        options.append(re.escape(leaves[0]))
    return "|".join(options)


def _below(trie: Mapping[str, Any]) -> str:
    branches = _branches(trie)
    if "" in trie:
        return f"(?:{branches})?"
    return f"(?:{branches})" if len(trie) > 1 else branches
