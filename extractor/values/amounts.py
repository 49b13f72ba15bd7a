"""Numbers, percentages, money and quantities: 80到100万, 三成半, 五元三毛, 不超过50万, 30台以上, 一吨半."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from extractor.values.reckon import Numeral
from extractor.values.tokens import Context, Rule, Token, rule
from extractor.values.types import Amount

Tokens = Sequence[Token]


def _number_range(tokens: Tokens, context: Context) -> Numeral | None:
    """80到100万, 一百五到一百八十万: the first takes the scale of the second where it must."""
    first, last = (t.value for t in tokens if t.is_("num"))
    if first.high is None or last.high is None:
        return None
    low = first.low
    if first.scale < last.scale and low < last.low / last.scale and last.scale > 1 and low * last.scale > low:
        low *= last.scale if last.big or low < 10 else 1
    if low >= last.high:
        return None
    approx = first.approx or last.approx
    return Numeral(low, last.high, None, approx, last.scale, "", first.arabic, first.big or last.big)


def _fraction(tokens: Tokens, context: Context) -> Numeral | None:
    """二分之一, 3分之一百五十七."""
    below, above = tokens[0].value, tokens[2].value
    if not below.low or below.stated is None or above.stated is None:
        return None
    value = above.low / below.low
    return Numeral(value, value, value)


def _percent_pre(tokens: Tokens, context: Context) -> Amount:
    """百分之五, 千分之二点四."""
    return _amount(tokens[1].value, tokens[0].value)


def _percent(tokens: Tokens, context: Context) -> Amount | None:
    """30%, 12个百分点, 七成, 75折, 六点五折 (the price left: 65%)."""
    number, unit = tokens[0].value, tokens[1]
    if unit.value == "zhe":
        if number.stated is not None and number.low >= 100:
            return None
        return _amount(number, 0.1 if (number.high or number.low) <= 10 else 0.01)
    if unit.value != "cheng":
        return _amount(number, float(unit.value))
    return _amount(number, 0.1) if number.low <= 10 else None


def _tenths(tokens: Tokens, context: Context) -> Amount | None:
    """七成六, 三成半."""
    number, last = tokens[0].value, tokens[2]
    extra = 0.05 if last.is_("half") else last.value.low / 100
    if tokens[1].value != "cheng" or number.low > 10 or extra >= 0.1:
        return None
    return _shift(_amount(number, 0.1), extra)


def _spaced_percent(tokens: Tokens, context: Context) -> Amount | None:
    """7 2 折: two figures of one number."""
    first, last = tokens[0].value.whole, tokens[1].value.whole
    if first is None or last is None or first > 9 or last > 9 or tokens[2].value != "zhe":
        return None
    value = (first * 10 + last) / 100
    return Amount(value, value, stated=value)


def _shift(amount: Amount, extra: float) -> Amount:
    if not extra:
        return amount
    values = [None if v is None else round(v + extra, 10) for v in (amount.min, amount.max, amount.stated)]
    return Amount(values[0], values[1], approx=amount.approx, stated=values[2])


def _half_percent(tokens: Tokens, context: Context) -> Amount | None:
    value = tokens[0].value
    return Amount(value, value, stated=value) if isinstance(value, float) else None


def _amount(number: Numeral, factor: float = 1.0, *, unit: str | None = None, currency: str | None = None) -> Amount:
    low: float | None = number.low
    high, stated = number.high, number.stated
    if factor != 1.0:
        low, high, stated = (None if v is None else _tidy(v * factor) for v in (low, high, stated))
    return Amount(low, high, unit, currency, number.approx, stated)


def _tidy(value: float) -> float:
    return round(value, 10)


def _money(tokens: Tokens, context: Context) -> Amount:
    """80万元, 五元三毛, 50元6角三分, 三块五, ¥2,350,000, 人民币8千元, 5亿元人民币."""
    currency = next((t.value for t in tokens if t.is_("currency")), "CNY")
    numbers = [t.value for t in tokens if t.is_("num")]
    units = [t for t in tokens if t.is_("yuan") or t.is_("jiao") or t.is_("fen")]
    base = _amount(numbers[0], unit=_PIECE if len(tokens) == 2 and tokens[1].value == 2 else None, currency=currency)
    if units and units[0].is_("jiao"):
        base, numbers = _amount(numbers[0], 0.1, currency=currency), [numbers[0], *numbers[1:]]
    extra = 0.0
    step = 0.01 if units and units[0].is_("jiao") else 0.1
    for number in numbers[1:]:
        extra += number.low * step
        step /= 10
    if not extra or base.min is None:
        return base
    value = _tidy(base.min + extra)
    return replace(base, min=value, max=value, stated=value)


def _small_change(tokens: Tokens, context: Context) -> Amount | None:
    """三块五: only one digit may follow."""
    tail = tokens[2].value
    return _money(tokens, context) if tail.whole is not None and 0 < tail.whole < 10 and not tail.arabic else None


def _plain_money(tokens: Tokens, context: Context) -> Amount | None:
    """80万, 4500k with nothing counted after: an amount of money (guidelines 3)."""
    number: Numeral = tokens[0].value
    return _amount(number, currency="CNY") if number.big and number.low >= 1000 else None


def _more_half(number: float | None) -> float | None:
    return None if number is None else number + 0.5


def _quantity(tokens: Tokens, context: Context) -> Amount | None:
    """20台, 两百来号人, 三十几个, 一吨半, 40多只."""
    number: Numeral = tokens[0].value
    unit = next((t.value for t in tokens if t.is_("measure")), "人" if tokens[-1].is_("day") else "个")
    amount = _amount(number, unit=unit)
    for token in tokens[1:]:
        if token.is_("more"):
            amount = replace(amount, max=None) if token.value == 0 else replace(amount, approx=True)
        elif token.is_("half"):
            amount = replace(
                amount, min=_more_half(amount.min), max=_more_half(amount.max), stated=_more_half(amount.stated)
            )
    return amount


def _quantity_from(tokens: Tokens, context: Context) -> Amount:
    """1000+人."""
    amount: Amount = _bounded(_amount(tokens[0].value, unit=tokens[2].value), True)
    return amount


def _heads(tokens: Tokens, context: Context) -> Amount | None:
    """三百多号 counts people; 15号 does not."""
    number: Numeral = tokens[0].value
    return _quantity(tokens, context) if number.low > 31 and number.scale >= 1 else None


def _amount_range(tokens: Tokens, context: Context) -> Amount | None:
    """20台到30台, 5%-8%, 80万元到1000万元."""
    first, last = (t.value for t in tokens if isinstance(t.value, Amount))
    if first.min is None or last.max is None or first.min >= last.max or first.unit != last.unit:
        return None
    return Amount(first.min, last.max, last.unit, last.currency, first.approx or last.approx)


def _prefixed(tokens: Tokens, context: Context) -> Any:
    """不超过50万, 至少10台, 大于3."""
    lower = tokens[0].is_("more_than") or tokens[0].is_("at_least")
    return _bounded(tokens[-1].value, lower)


def _suffixed(tokens: Tokens, context: Context) -> Any:
    """30台以上, 50万以内, 20台起, 一百出头."""
    mark = tokens[-1]
    if mark.is_("within") and mark.value == 1:
        return None  # 四百来号人里头
    return _bounded(tokens[0].value, mark.is_("up") or mark.is_("onward"))


def _bounded(value: Any, lower: bool) -> Any:
    if isinstance(value, Numeral):
        top = value.low if value.high is None else value.high
        low = _OPEN if value.high is None or value.low == value.high else value.low
        return value._replace(high=None, stated=None) if lower else value._replace(low=low, high=top, stated=None)
    top = value.min if value.max is None else value.max
    bottom = None if value.max is None or value.min == value.max else value.min
    return replace(value, max=None, stated=None) if lower else replace(value, min=bottom, max=top, stated=None)


_OPEN = float("-inf")
_PIECE = "块"  # 24块 is money or pieces: the finder gives both readings


def _about(tokens: Tokens, context: Context) -> Any:
    value = tokens[0].value
    return value._replace(approx=True) if isinstance(value, Numeral) else replace(value, approx=True)


def _both(tokens: Tokens, context: Context) -> Numeral | None:
    """大于10小于20, 最多100最少20: two bounds of one number."""
    first, last = (t.value for t in tokens if t.is_("num"))
    lows = [n.low for n in (first, last) if n.low != _OPEN and n.high is None]
    highs = [n.high for n in (first, last) if n.low == _OPEN]
    if len(lows) != 1 or len(highs) != 1 or lows[0] >= highs[0]:
        return None
    return Numeral(lows[0], highs[0], None)


_KINDS = ("num", "money", "quantity", "percent")
_NOT_MEASURED = "(?! measure | ge | more | oclock | month )"
NUMBER_RULES: tuple[Rule, ...] = (
    rule("fraction", "num of_parts num", "num", _fraction, needs="of_parts"),
    rule("number to number", "num to num", "num", _number_range, needs="to"),
    rule("number between", "num and num (?= between )", "num", _number_range, needs="between"),
    rule("percent in words", "pctpre num", "percent", _percent_pre, needs="pctpre"),
    rule("percent of figures apart", "num num pct", "percent", _spaced_percent, needs="pct"),
    rule("tenths and hundredths", f"num pct (?: half | num {_NOT_MEASURED} )", "percent", _tenths, needs="pct"),
    rule("percent", "num pct", "percent", _percent, needs="pct"),
    rule("half price", "percent", "percent", _half_percent, needs="percent"),
    rule("percent to percent", "percent to percent", "percent", _amount_range, needs="to"),
)
_YUAN = "num yuan (?: num jiao (?: num fen )? )?"
AMOUNT_RULES: tuple[Rule, ...] = (
    rule("money with currency before", f"currency (?: {_YUAN} | num )", "money", _money, needs="currency"),
    rule("money with currency after", "num yuan? currency", "money", _money, needs="currency"),
    rule("yuan and a digit", "num yuan num (?! jiao | measure | ge | yuan | day | year | month | oclock | pct )",
         "money", _small_change, needs="yuan"),
    rule("money in yuan", _YUAN, "money", _money, needs="yuan"),
    rule("money in jiao", "num jiao (?: num fen )?", "money", _money, needs="jiao"),
    rule("quantity", "num more? ge? measure (?: half | more )?", "quantity", _quantity, needs="measure"),
    rule("quantity from", "num up measure", "quantity", _quantity_from, needs="up"),
    rule("quantity of 个", "num more? ge half?", "quantity", _quantity, needs="ge"),
    rule("heads", "num day", "quantity", _heads, needs="day"),
    rule("money without a unit", f"num {_NOT_MEASURED}", "money", _plain_money, needs="num"),
    rule("money to money", "money to money", "money", _amount_range, needs="to"),
    rule("quantity to quantity", "quantity to quantity", "quantity", _amount_range, needs="to"),
)  # fmt: skip


def _bound_rules() -> tuple[Rule, ...]:
    """The same bounds for each kind of amount."""
    made: list[Rule] = []
    for kind in _KINDS:
        prefix = "(?: more_than | less_than | at_least | at_most | down )"
        made += [
            rule(
                f"{kind}: at most, below, from",
                f"{kind} (?: up | down | within | onward )",
                kind,
                _suffixed,
                needs=kind,
            ),
            rule(f"{kind}: no more, at least", f"{prefix} {kind}", kind, _prefixed, needs=kind),
        ]
    made.append(rule("number between bounds", "num (?: and | or )? num", "num", _both, needs="num"))
    return tuple(made)


BOUND_RULES = _bound_rules()
ABOUT_RULES: tuple[Rule, ...] = tuple(
    rule(f"{kind}: about", f"{kind} around", kind, _about, needs="around") for kind in _KINDS
)
