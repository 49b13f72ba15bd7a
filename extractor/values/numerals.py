"""Chinese and Arabic numerals, mixed as people mix them: 三万五千八, 3万5, 0.8亿, 两三百, 八十来万, 四百多.

`read` takes the longest numeral at a place of the text. Spaces inside are allowed where a Chinese character joins
(`7 万5 千`). A numeral may be a pair (三五十 → 30..50), open above (四百多, 二十几 → 400.., 20..: guidelines 3, 近似数)
or rounded (八十来万 → about 800,000). 几十万 and 好几百 are no numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from extractor.values.tables import rows

_KINDS: dict[str, tuple[str, float]] = {char: (kind, float(value)) for char, kind, value in rows("numerals")}
HAN_DIGITS = "".join(c for c, (kind, _) in _KINDS.items() if kind == "digit")
_HAN = "".join(c for c, (kind, _) in _KINDS.items() if kind in ("digit", "unit", "twenty", "scale"))
_ARABIC = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?|(?<![\d.])\.\d+"
_SPACE = r"[ \t\u3000]{0,2}"
_COUNTED = "".join(sorted({row[0][0] for row in rows("measures")}))
_MORE = f"[{_HAN.replace('千', '')}几多余]|千(?![米克瓦])|来(?={_SPACE}[万亿千百十天周年月号小{_COUNTED}])"
START = frozenset(f"0123456789.几负{_HAN}")
RUN = re.compile(
    rf"(?:{_ARABIC}|[{_HAN}几])(?:{_SPACE}(?:{_MORE}|[wWkK](?![A-Za-z])|"
    rf"点(?={_SPACE}[{_HAN}])|个(?=[亿wW])|(?<=[{_HAN}]){_SPACE}(?:\d+(?:\.\d+)?))){{0,40}}"
)
_PART = re.compile(rf"{_ARABIC}|\S")
_LATIN = {"w": 1e4, "W": 1e4, "k": 1e3, "K": 1e3}
_MAX_DIGITS = 16
_NO_TAIL = ("两", "俩", "仨")  # 三十两: here 两 is the weight


class Numeral(NamedTuple):
    """`low`..`high` (None = open above), the figure said (`stated`, None for a pair), the scale it ends in (万 → 1e4).

    `digits` is the text where it is plain digits, Arabic or Chinese, read one by one (2026, 二零二六, 08); `arabic`
    says that it starts with an Arabic figure; `big` that it names 万, 亿, w or k.
    """

    low: float
    high: float | None
    stated: float | None
    approx: bool = False
    scale: float = 1.0
    digits: str = ""
    arabic: bool = False
    big: bool = False

    @property
    def whole(self) -> int | None:
        """The number as an exact whole, else None."""
        return int(self.low) if self.low == self.high and self.low == int(self.low) else None


class _Part(NamedTuple):
    kind: str
    value: float
    end: int
    text: str


def read(text: str, start: int) -> tuple[int, Numeral | None] | None:
    """End and value of the numeral that starts at `start`; the value is None for words such as 几十万 (skip them)."""
    if text[start] == "负":
        return _negative(text, start)
    m = RUN.match(text, start)
    if m is None:
        return None
    length, numeral = _parse(m[0])
    return start + length, numeral


def _negative(text: str, start: int) -> tuple[int, Numeral | None] | None:
    """负0.2; 负 alone is no number."""
    found = read(text, start + 1) if text[start + 1 : start + 2] not in ("", "负") else None
    if found is None or found[1] is None or found[1].stated is None:
        return None
    value = -found[1].stated
    return found[0], Numeral(value, value, value, found[1].approx, found[1].scale)


def split(text: str, start: int, end: int) -> int:
    """Where a numeral really ends that ran into the next one: 三百五十万|四月, 四十二万|一口价; `end` if it did not."""
    following = text[end : end + 1]
    cut = max(text.rfind("万", start, end), text.rfind("亿", start, end)) + 1
    if not start < cut < end:
        return end
    tail = text[cut:end]
    if following == "月":
        return cut
    alone = len(tail) == 1 and tail in HAN_DIGITS
    return cut if alone and following and following in _COUNTED and following not in "元块" else end


@lru_cache(maxsize=4096)
def _parse(run: str) -> tuple[int, Numeral | None]:
    parts = list(_parts(run))
    string = _digit_string(parts)
    if string is not None:
        return string
    return _Reader(parts).read()


def _parts(run: str) -> Iterator[_Part]:
    for m in _PART.finditer(run):
        text = m[0]
        if text in _LATIN:
            yield _Part("latin", _LATIN[text], m.end(), text)
        elif text == "个":
            yield _Part("link", 0, m.end(), text)
        elif text in _KINDS:
            kind, value = _KINDS[text]
            yield _Part(kind, value, m.end(), text)
        else:
            number = float(text.replace(",", "")) if len(text) <= _MAX_DIGITS else -1.0
            yield _Part("arabic", number, m.end(), text)


def _digit_string(parts: list[_Part]) -> tuple[int, Numeral | None] | None:
    """二零二六, 三八 and the like: digits read one by one, where no unit follows. 七八, 三五 stay pairs."""
    count = next((i for i, p in enumerate(parts) if p.kind != "digit"), len(parts))
    if count < 2 or (
        count < len(parts) and parts[count].kind in ("unit", "scale", "some", "vague", "about", "latin", "link")
    ):
        return None
    if count < len(parts) and parts[count].kind == "point":
        return None
    if any(p.text in _NO_TAIL for p in parts[1:count]):
        return None
    values = [int(p.value) for p in parts[:count]]
    if count == 2 and _is_pair(values[0], values[1]):
        return None
    end, text = parts[count - 1].end, "".join(map(str, values))
    if count > _MAX_DIGITS:
        return end, None
    return end, Numeral(float(text), float(text), float(text), digits=text)


def _is_pair(a: int, b: int) -> bool:
    """七八, 三五, 两三: neighbours (and 三五) name a range, not a number."""
    return a > 0 and (b == a + 1 or (a, b) == (3, 5))


class _Reader:
    """One pass over the parts, low and high bound in step. `end` marks the last complete numeral."""

    def __init__(self, parts: list[_Part]) -> None:
        self.parts = parts
        self.total = (0.0, 0.0)  # finished 万 and 亿 sections
        self.section = (0.0, 0.0)  # finished 千 百 十 of the current section
        self.pending: tuple[float, float] | None = None  # digits waiting for their unit
        self.small = False  # the pending digits are one Chinese or Arabic digit: 一百五 is 150
        self.unit = 0.0  # last unit, for 一百五 and for order
        self.zero = False
        self.open = self.approx = self.some = False
        self.scale = 1.0
        self.end = 0
        self.arabic = self.big = False

    def read(self) -> tuple[int, Numeral | None]:
        index = 0
        while index < len(self.parts):
            step = getattr(self, f"_{self.parts[index].kind}")(index)
            if not step:
                break
            index += step
        if self.end == 0:
            return self.parts[0].end, None
        return self.end, self._result()

    def _result(self) -> Numeral | None:
        low, high = self._sum(0), self._sum(1)
        if self.some or (low == 0 and self.open) or low > 1e16:
            return None
        exact = low == high
        text = self.parts[0].text if self.end == self.parts[0].end and self.arabic else ""
        digits = text if text.isdigit() else ""
        return Numeral(
            low,
            None if self.open else high,
            low if exact else None,
            self.approx,
            self.scale,
            digits,
            self.arabic,
            self.big,
        )

    def _sum(self, side: int) -> float:
        pending = self.pending[side] if self.pending else 0.0
        if self.pending and self.small and self.unit >= 100 and not self.zero:
            pending *= self.unit / 10  # 一百五 → 150, 一万三 → 13000, 3万5 → 35000
        return _clean(self.total[side] + self.section[side] + pending)

    def _accept(self, index: int, step: int = 1) -> int:
        self.end = self.parts[index + step - 1].end
        return step

    def _digit(self, index: int) -> int:
        part = self.parts[index]
        if part.value == 0:
            return self._nought(index)
        if self.pending is not None or (index and part.text in _NO_TAIL and not self._unit_follows(index)):
            return 0
        following = self.parts[index + 1] if index + 1 < len(self.parts) else None
        if following and following.kind == "digit" and following.value and not self.open:
            return self._pair(index, int(part.value), int(following.value))
        self.pending, self.small, self.scale = (part.value, part.value), True, 1.0
        return self._accept(index)

    def _unit_follows(self, index: int) -> bool:
        return index + 1 < len(self.parts) and self.parts[index + 1].kind in ("unit", "scale")

    def _pair(self, index: int, a: int, b: int) -> int:
        if not _is_pair(a, b) or self.parts[index + 1].text in _NO_TAIL:
            return 0
        self.pending, self.small, self.scale = (float(a), float(b)), True, 1.0
        return self._accept(index, 2)

    def _nought(self, index: int) -> int:
        if self.pending is not None:
            return 0
        self.zero = True
        if self.total == (0, 0) and self.section == (0, 0):
            self.pending, self.small = (0.0, 0.0), False
            return self._accept(index)
        return 1

    def _arabic(self, index: int) -> int:
        part = self.parts[index]
        if part.value < 0 or self.pending not in (None, (0.0, 0.0)):
            self.end = self.end or part.end
            self.some = self.some or part.value < 0
            return 0
        if index and self.unit and part.value >= self.unit:
            return 0
        self.arabic = self.arabic or index == 0
        self.pending, self.small, self.scale = (part.value, part.value), len(part.text) == 1, 1.0
        return self._accept(index)

    def _twenty(self, index: int) -> int:
        if self.pending is not None or (self.unit and self.unit <= 10):
            return 0
        self.section = (self.section[0] + 20, self.section[1] + 20)
        self.unit = 10
        return self._accept(index)

    def _unit(self, index: int) -> int:
        unit = self.parts[index].value
        low, high = self.pending or (0.0, 0.0)
        first = self.section == (0, 0)
        if self.pending in (None, (0.0, 0.0)):
            if not (self.zero or (first and self.total == (0, 0) and self.unit == 0) or unit == 10):
                return 0
            low = high = 1.0
        if not first and self.unit and unit >= self.unit:
            return self._undo(index)
        self.section = (self.section[0] + low * unit, self.section[1] + high * unit)
        self.pending, self.unit, self.zero, self.scale = None, unit, False, unit if unit > 10 else 1.0
        return self._accept(index)

    def _undo(self, index: int) -> int:
        """三百二百: the second 二 belongs to another number."""
        self.pending = None
        for part in reversed(self.parts[:index]):
            if part.kind in ("digit", "arabic"):
                continue
            self.end = part.end
            break
        return 0

    def _scale(self, index: int) -> int:
        scale = self.parts[index].value
        low, high = (self._section(side) for side in (0, 1))
        if low == 0 and high == 0:
            if self.total == (0, 0):
                return 0
            self.total = (self.total[0] * scale, self.total[1] * scale)
        elif scale > 1e4 and self.total != (0, 0) and self.total[0] < scale:
            self.total = ((self.total[0] + low) * scale, (self.total[1] + high) * scale)
        else:
            self.total = (self.total[0] + low * scale, self.total[1] + high * scale)
        self.section, self.pending, self.unit, self.zero, self.scale = (0.0, 0.0), None, scale, False, scale
        self.big = True
        return self._accept(index)

    def _section(self, side: int) -> float:
        pending = self.pending[side] if self.pending else 0.0
        if self.pending and self.small and self.unit >= 100 and self.section != (0, 0) and not self.zero:
            pending *= self.unit / 10  # 一百五万 is said, rarely, for 150万
        return self.section[side] + pending

    def _latin(self, index: int) -> int:
        self.pending = self.pending or None
        return self._scale(index)

    def _link(self, index: int) -> int:
        """个 in 3.2个亿, 一百个w: only before a scale."""
        return 1 if index + 1 < len(self.parts) and self.parts[index + 1].kind in ("scale", "latin") else 0

    def _vague(self, index: int) -> int:
        """多, 余: only after ten or more (四百多, 十余万, 60多)."""
        if self.open or self._sum(0) < 10 or (self.pending and self.unit and self.small):
            return 0
        self.open = True
        return self._accept(index)

    def _some(self, index: int) -> int:
        """几: a digit nobody named. 二十几 is open above, 几十万 is no number."""
        if self.pending not in (None, (0.0, 0.0)) or self.open:
            return 0
        if self._sum(0) == 0:
            self.some = True
            self.pending = (1.0, 1.0)
            return self._accept(index)
        self.open = True
        self.pending = None
        return self._accept(index)

    def _about(self, index: int) -> int:
        """来 after ten or more: 八十来万 = about 800,000. The lexer checks that a scale or a measure follows."""
        if self.open or self._sum(0) < 10:
            return 0
        self.approx = True
        return self._accept(index)

    def _point(self, index: int) -> int:
        """十五点七, 两千三点一. Digits after the point are read one by one; a unit among them makes it a clock time."""
        digits = []
        for part in self.parts[index + 1 :]:
            if part.kind != "digit":
                break
            digits.append(part)
        after = self.parts[index + 1 + len(digits)] if index + 1 + len(digits) < len(self.parts) else None
        if not digits or (after and after.kind in ("unit", "twenty")) or self.end == 0:
            return 0
        fraction = float("0." + "".join(str(int(p.value)) for p in digits[:12]))
        low, high = self._sum(0) + fraction, self._sum(1) + fraction
        self.total, self.section, self.unit = (0.0, 0.0), (0.0, 0.0), 0.0
        self.pending, self.small, self.zero = (low, high), False, False
        return self._accept(index, 1 + len(digits))


def _clean(value: float) -> float:
    """Undo binary noise: 1.1 × 10,000 = 11,000."""
    return round(value, 6) if value != int(value) else value
