"""Find every value in a text: times, durations, recurrences, numbers, percentages, money, quantities, phones.

Findings of one type never overlap. Across types they may: the number inside an amount of money or a quantity is
found as well, a length inside 还有两个月 too. Nothing is found inside a phone number, and no number inside a time,
a recurrence or a percentage. Order: by start, longer first, then phone, time, recurrence, duration, money,
quantity, percent, number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from extractor.types import Span
from extractor.values.amounts import ABOUT_RULES, AMOUNT_RULES, BOUND_RULES, NUMBER_RULES
from extractor.values.conventions import load_conventions
from extractor.values.lexer import chains, half_width, load_lexicon
from extractor.values.phone import find_phones
from extractor.values.reckon import Numeral
from extractor.values.tables import TABLES
from extractor.values.time.calendar import Cal
from extractor.values.time.clock import CLOCKS, ON_DAYS
from extractor.values.time.compose import BOUNDED, COMPOSED
from extractor.values.time.dates import DATES
from extractor.values.time.lengths import LENGTHS, OFFSETS, duration
from extractor.values.time.recurrence import RECURRENCES, Cycle
from extractor.values.tokens import Chain, Context, Token, char, grammar
from extractor.values.types import Amount, Found, Recurrence, ValueType, When

_BLANK = "\0"
_NUM, _CAL, _DUR, _RECUR, _STILL = char("num"), char("cal"), char("dur"), char("recur"), char("still")
_PERCENT = char("percent")
_AMOUNTS: dict[str, ValueType] = {char("money"): "money", char("quantity"): "quantity", _PERCENT: "percent"}
_ORDER = {t: n for n, t in enumerate("phone time recurrence duration money quantity percent number".split())}
_rewrite = grammar(
    NUMBER_RULES,
    (*DATES, *CLOCKS, *LENGTHS, *RECURRENCES),
    (*OFFSETS, *COMPOSED, *ON_DAYS, *BOUNDED, *AMOUNT_RULES, *BOUND_RULES, *ABOUT_RULES),
)


def find_values(text: str, reference: datetime, *, folder: Path = TABLES) -> tuple[Found, ...]:
    """Every value expression of `text`, in order of position; no text raises.

    `reference` (aware or naive) is the moment relative expressions count from; times come back in its zone.
    `folder` holds words and conventions (a tenant's `rules/time/`). Raises ContractError only where those are broken.
    """
    plain = half_width(text)
    phones = list(find_phones(plain, text))
    now = reference.replace(tzinfo=None)
    today = datetime(now.year, now.month, now.day)
    context = Context(now, today, load_conventions(folder), _without(phones, plain))
    found = phones
    for chain in chains(context.text, load_lexicon(folder)):
        found += _of_chain(_rewrite(chain, context), text, reference.tzinfo)
    if len(found) > 1:
        found.sort(key=_position)
    return tuple(found)


def _of_chain(stages: Sequence[Chain], text: str, zone: tzinfo | None) -> Iterator[Found]:
    """What one chain names. `stages`: with numbers joined, with dates and lengths named, with all combined."""
    counted, named, final = stages
    whole = []
    for token in final:
        kind = token.kind
        if kind == _NUM:
            yield _found("number", token, _number(token.value), text)
        elif kind == _CAL:
            yield _found("time", token, _when(token.value, zone), text)
        elif kind in _AMOUNTS:
            yield from _amounts(_AMOUNTS[kind], token, text)
            if kind != _PERCENT:
                whole.append(token)
        elif kind == _DUR:
            yield _found("duration", token, duration(token.value), text)
        elif kind == _RECUR:
            yield _found("recurrence", token, _recurrence(token.value, zone), text)
    if whole:
        yield from _inside(whole, counted, text)
    if len(named) > 1:
        yield from _left(named, text)


def _inside(whole: Chain, counted: Chain, text: str) -> Iterator[Found]:
    """The numbers inside money and quantities."""
    for token in counted:
        if token.kind == _NUM and any(t.start <= token.start and token.end <= t.end for t in whole):
            yield _found("number", token, _number(token.value), text)


def _without(phones: Iterable[Found], text: str) -> str:
    """The text with the phone numbers blanked out."""
    for phone in phones:
        text = f"{text[: phone.span.start]}{_BLANK * len(phone.text)}{text[phone.span.end :]}"
    return text


def _left(named: Chain, text: str) -> Iterator[Found]:
    """The length in 还有两个月, which is a date and a length of time."""
    for i, token in enumerate(named[1:]):
        if token.kind == _DUR and named[i].kind == _STILL:
            yield _found("duration", token, duration(token.value), text)


def _position(found: Found) -> tuple[int, int, int]:
    return found.span.start, -found.span.end, _ORDER[found.type]


def _amounts(kind: ValueType, token: Token, text: str) -> Iterator[Found]:
    """An amount; 24块 both as money and as pieces."""
    amount: Amount = token.value
    if kind == "money" and amount.unit:
        yield _found("money", token, replace(amount, unit=None), text)
        yield _found("quantity", token, replace(amount, currency=None), text)
    else:
        yield _found(kind, token, amount, text)


def _number(number: Numeral) -> Amount:
    low = None if number.low == float("-inf") else number.low
    return Amount(low, number.high, approx=number.approx, stated=number.stated)


def _when(cal: Cal, zone: tzinfo | None) -> When:
    start = cal.start.replace(tzinfo=zone) if cal.start else None
    end = cal.end.replace(tzinfo=zone) if cal.end else None
    return When(start, end, cal.grain, cal.approx, cal.part, cal.clock)


def _recurrence(cycle: Cycle, zone: tzinfo | None) -> Recurrence:
    return Recurrence(cycle.rrule, cycle.start.replace(tzinfo=zone) if cycle.start else None)


def _found(kind: ValueType, token: Token, value: Any, text: str) -> Found:
    return Found(kind, Span(token.start, token.end), text[token.start : token.end], value)
