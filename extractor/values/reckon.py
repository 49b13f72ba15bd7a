"""From the parts of a numeral (digits, units, points, 多, 来) to its value: 三万五千八 = 35,800, 四百多 = 400 on."""

from __future__ import annotations

from typing import NamedTuple

NO_TAIL = ("两", "俩", "仨")  # 三十两: here 两 is the weight


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


class Part(NamedTuple):
    """One sign or figure of a numeral; `end` counts from the numeral's start."""

    kind: str
    value: float
    end: int
    text: str


def is_pair(a: int, b: int) -> bool:
    """七八, 三五, 两三: neighbours (and 三五) name a range, not a number."""
    return a > 0 and (b == a + 1 or (a, b) == (3, 5))


class Reader:
    """One pass over the parts, low and high bound in step. `end` marks the last complete numeral."""

    def __init__(self, parts: list[Part]) -> None:
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
        if self.pending is not None or (index and part.text in NO_TAIL and not self._unit_follows(index)):
            return 0
        following = self.parts[index + 1] if index + 1 < len(self.parts) else None
        if following and following.kind == "digit" and following.value and not self.open:
            return self._pair(index, int(part.value), int(following.value))
        self.pending, self.small, self.scale = (part.value, part.value), True, 1.0
        return self._accept(index)

    def _unit_follows(self, index: int) -> bool:
        return index + 1 < len(self.parts) and self.parts[index + 1].kind in ("unit", "scale")

    def _pair(self, index: int, a: int, b: int) -> int:
        if not is_pair(a, b) or self.parts[index + 1].text in NO_TAIL:
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
