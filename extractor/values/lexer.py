"""Cut a text into tokens: known words, numerals, written dates and clock times. Everything else is skipped.

One search for a trigger character finds where a token may begin; a dictionary by longest word decides. Words with a
gate are only looked up right after another token (`next`) or right after a number (`unit`), so that 前, 内, 台 cost
nothing elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from extractor.values.conventions import holiday_words
from extractor.values.numerals import START, read, split
from extractor.values.reckon import Numeral
from extractor.values.tables import TABLES, rows
from extractor.values.tokens import LONGEST_CHAIN, Chain, Token, char
from extractor.values.written import WRITTEN, written

_SPACES = re.compile(r"[ \t\u3000]{0,4}")
_WEEK = ("周", "星期", "礼拜")
_DAYS = {c: i for i, c in enumerate("一二三四五六日", 1)} | {"天": 7, "末": 8} | {str(i): i for i in range(1, 8)}
_MONTH = ("月", "月份")
_QUARTER = ("季度", "季")
_HOUR = ("小时", "钟头")
_DIGITS = "0123456789"
_LINKS = ("", "个", "一", "一个")
_AFTER_NUMBER = frozenset(char(k) for k in ("num", "ge", "half", "more", "measure", "up"))
_NUM, _GE, _YEAR, _WEEK_UNIT = char("num"), char("ge"), char("year"), char("week")
_CALENDAR_UNITS = frozenset(char(k) for k in ("year", "month", "week", "day"))
_CLOCK_BEFORE = frozenset(char(k) for k in ("daypart", "daynight", "relday", "weekday", "relweekday", "day", "ampm"))
_SKIP = ""


def _chars(names: str) -> frozenset[str]:
    return frozenset(char(name) for name in names.split())


_GATED_KINDS = _chars(
    "ge measure more half yuan jiao pct of_parts year month day week days hour minute fen second oclock ke quarter "
    "part ampm before after within around onward inclusive until_end exact to and or between once up down"
)
_LEADING = _chars(
    "currency pctpre of_parts nth from until latest earliest still next_n last_n to and or between every lunarmonth "
    "more_than less_than at_least at_most plus de"
)
_DATE_KINDS = _chars("year dated day relday weekday relweekday relyear relmonth relweek part days")
_TIME_KINDS = _chars("num clock daypart")
_NARROW = dict(zip("￥～", "¥~", strict=True))
_WIDE = re.compile("[０-９Ａ-Ｚａ-ｚ：％．－／＋＞＜＝＄（）￥～]")


@dataclass(frozen=True, slots=True)
class Word:
    """What a word means. `unless` are characters that must not follow it, `not_after` ones that must not precede it."""

    kind: str
    value: Any
    unless: str = ""
    not_after: str = ""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words by gate, and for each first character the lengths worth trying, longest first."""

    anywhere: Mapping[str, Word]
    next: Mapping[str, Word]
    unit: Mapping[str, Word]
    lengths: Mapping[str, tuple[int, ...]]
    next_lengths: Mapping[str, tuple[int, ...]]
    unit_lengths: Mapping[str, tuple[int, ...]]
    triggers: re.Pattern[str]
    followers: frozenset[str]


def half_width(text: str) -> str:
    """Full-width digits, letters and marks half-width: one code point for one, so offsets stay."""
    return _WIDE.sub(_narrow, text)


def _narrow(m: re.Match[str]) -> str:
    return _NARROW.get(m[0]) or chr(ord(m[0]) - 0xFEE0)


def chains(text: str, lexicon: Lexicon) -> Iterator[Chain]:
    """The tokens of a (half-width) text, those that touch in one list."""
    at = 0
    while found := lexicon.triggers.search(text, at):
        chain, at = _chain(text, found.start(), lexicon)
        if chain:
            yield chain


def _chain(text: str, at: int, lexicon: Lexicon) -> tuple[Chain, int]:
    """Tokens that touch one another, from a trigger on; and the place to search on from."""
    chain: Chain = []
    token = _free(text, at, lexicon, None)
    if token is None:
        return chain, at + 1
    while True:
        at = token.end
        if token.kind == _SKIP:
            return chain, at
        chain.append(token)
        here = _SPACES.match(text, at).end() if text[at : at + 1].isspace() else at  # type: ignore[union-attr]
        if here >= len(text) or text[here] not in lexicon.followers or len(chain) == LONGEST_CHAIN:
            return chain, at
        follower = _follower(text, here, lexicon, token)
        if follower is None or (here > at and not _joins(token, follower)):
            return chain, at
        token = follower


def _follower(text: str, at: int, lexicon: Lexicon, before: Token) -> Token | None:
    """The token that comes next: a unit after a number first, else the longest word."""
    if before.kind in _AFTER_NUMBER:
        found = _lookup(text, at, lexicon.unit, lexicon.unit_lengths)
        if found and not _no_unit(found, before):
            return found
    gated = _lookup(text, at, lexicon.next, lexicon.next_lengths)
    free = _free(text, at, lexicon, before)
    return free if gated is None or (free is not None and free.end > gated.end) else gated


def _joins(before: Token, after: Token) -> bool:
    """Whether two tokens belong together across a space: 2018年 12月, 4/16 14:00, 还剩 3 小时, but not Q2末 26年."""
    if after.kind in _GATED_KINDS or before.kind in _LEADING:
        return True
    return before.kind in _DATE_KINDS and after.kind in _TIME_KINDS


def _no_unit(found: Token, before: Token) -> bool:
    """Not 240个|年前, 四百万|月底, 6.18|周四."""
    if before.kind == _GE:
        return found.kind == _YEAR
    if before.kind != _NUM or found.kind not in _CALENDAR_UNITS:
        return False
    number: Numeral = before.value
    return number.big or (number.low != int(number.low) and found.kind == _WEEK_UNIT)


def _free(text: str, at: int, lexicon: Lexicon, before: Token | None) -> Token | None:
    first = text[at]
    word = _lookup(text, at, lexicon.anywhere, lexicon.lengths)
    if word and word.kind == _SKIP and before is not None and before.kind in _CLOCK_BEFORE:
        word = None  # 下午一点
    if first in START:
        number = _number(text, at, before)
        if number and (word is None or number.end > word.end):
            return number
    return word


def _lookup(text: str, at: int, words: Mapping[str, Word], lengths: Mapping[str, tuple[int, ...]]) -> Token | None:
    for length in lengths.get(text[at], ()):
        end = at + length
        word = words.get(text[at:end])
        if word is not None and end <= len(text):
            if word.unless and end < len(text) and text[end] in word.unless:
                continue
            if word.not_after and at and text[at - 1] in word.not_after:
                continue
            return Token(word.kind, at, end, word.value)
    return None


def _number(text: str, at: int, before: Token | None) -> Token | None:
    """A written date or clock time, else a numeral."""
    if text[at] in _DIGITS and (before is None or before.kind != _NUM):
        m = WRITTEN.match(text, at)
        if m:
            found = written(m)
            if found:
                return Token(found[0], at, m.end(), found[1])
    found_number = read(text, at)
    if found_number is None:
        return None
    end, value = found_number
    if value is None:
        return Token(_SKIP, at, end, None)
    if value.big and (cut := split(text, at, end)) < end:
        end, value = read(text[:cut], at) or found_number
    return _clock_split(text, at, Token(_NUM, at, end, value), before)


def _clock_split(text: str, at: int, token: Token, before: Token | None) -> Token:
    """下午三点五十: after a part of the day, 三点五 is not 3.5; nor is 两点一 in 两点一刻."""
    point = text.find("点", at, token.end)
    if point > at and (
        (before is not None and before.kind in _CLOCK_BEFORE) or text[token.end : token.end + 1] in ("分", "刻")
    ):
        hour = read(text[:point], at)
        if hour and hour[1] is not None:
            return Token(_NUM, at, hour[0], hour[1])
    return token


@cache
def load_lexicon(folder: Path = TABLES) -> Lexicon:
    """The words of `words.tsv`, the joined ones (下周三, 上个月), holidays, measures and words to step over."""
    anywhere: dict[str, Word] = {}
    following: dict[str, Word] = {}
    unit: dict[str, Word] = {}
    gates = {"": anywhere, "any": anywhere, "next": following, "unit": unit}
    for word, kind, value, gate, unless in _columns("words", 5, folder):
        gates[gate][word] = Word(char(kind), _value(value), unless)
    for word, word_unit, unless in _columns("measures", 3, folder):
        unit.setdefault(word, Word(char("measure"), word_unit, unless))
    for word, code, where in _columns("currencies", 3, folder):
        target = anywhere if where == "before" else unit
        target[word] = Word(char("currency"), code)
    for word, name in holiday_words(folder).items():
        anywhere.setdefault(word, Word(char("holiday"), name))
    anywhere["半百"] = Word(_NUM, Numeral(50.0, 50.0, 50.0))
    anywhere.update(dict(_joined(folder)))
    anywhere.update({word: Word(_SKIP, None, unless) for word, unless in _columns("not_values", 2, folder)})
    lengths, next_lengths, unit_lengths = _lengths(anywhere), _lengths(following), _lengths(unit)
    followers = START.union(lengths, next_lengths, unit_lengths)
    return Lexicon(
        anywhere, following, unit, lengths, next_lengths, unit_lengths, _triggers(anywhere), followers
    )  # fmt: skip


def _triggers(words: Iterable[str]) -> re.Pattern[str]:
    """Where a token may begin: a figure, a word of one character, or the first two characters of a longer word."""
    alone = {word for word in words if len(word) == 1} | set(START)
    seconds: dict[str, set[str]] = {}
    for word in words:
        if word[0] not in alone:
            seconds.setdefault(word[0], set()).add(word[1])
    alike: dict[frozenset[str], set[str]] = {}
    for first, second in seconds.items():
        alike.setdefault(frozenset(second), set()).add(first)
    pairs = "".join(f"|{_class(first)}(?={_class(second)})" for second, first in alike.items())
    return re.compile(f"(?={_class(alone | seconds.keys())})(?:{_class(alone)}{pairs})")


def _class(characters: Iterable[str]) -> str:
    return f"[{re.escape(''.join(sorted(characters)))}]"


def _joined(folder: Path) -> Iterator[tuple[str, Word]]:
    """下周, 下个礼拜三, 本月, 上个季度, 周三, 初八, Q3: words made of a few parts."""
    for shift, offset, not_after in _columns("shifts", 3, folder):
        for link in _LINKS:
            for tail, kind, value in _shifted(int(offset)):
                yield f"{shift}{link}{tail}", Word(char(kind), value, "", not_after)
    for week in _WEEK:
        for day, number in _DAYS.items():
            yield f"{week}{day}", Word(char("weekday"), number, _DIGITS if day.isdigit() else "")
    for n, name in enumerate("一二三四五六七八九十", 1):
        for head in ("初", "年初"):
            yield f"{head}{name}", Word(char("lunarday"), n)
    for n in range(1, 5):
        for name in (f"Q{n}", f"q{n}"):
            yield name, Word(char("quarter_no"), n, _DIGITS)
    for n in (1, 2):
        yield f"H{n}", Word(char("halfyear"), n, _DIGITS)


def _shifted(offset: int) -> Iterator[tuple[str, str, Any]]:
    """What may follow 上, 这, 下: kind and value of the joined word."""
    for week in _WEEK:
        yield week, "relweek", offset
        for day, number in _DAYS.items():
            yield f"{week}{day}", "relweekday", (offset, number)
    for names, kind in ((_MONTH, "relmonth"), (_QUARTER, "relquarter"), (_HOUR, "relhour")):
        for name in names:
            yield name, kind, offset


def _columns(name: str, count: int, folder: Path) -> Iterator[tuple[str, ...]]:
    for row in rows(name, folder):
        yield (*row, *[""] * (count - len(row)))[:count]


def _value(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def _lengths(words: Iterable[str]) -> dict[str, tuple[int, ...]]:
    found: dict[str, set[int]] = {}
    for word in words:
        found.setdefault(word[0], set()).add(len(word))
    return {first: tuple(sorted(lengths, reverse=True)) for first, lengths in found.items()}
