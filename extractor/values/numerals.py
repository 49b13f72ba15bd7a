"""Chinese and Arabic numerals, mixed as people mix them: 三万五千八, 3万5, 0.8亿, 两三百, 八十来万, 四百多.

`read` takes the longest numeral at a place of the text. Spaces inside are allowed where a Chinese character joins
(`7 万5 千`). A numeral may be a pair (三五十 → 30..50), open above (四百多, 二十几 → 400.., 20..: guidelines 3, 近似数)
or rounded (八十来万 → about 800,000). 几十万 and 好几百 are no numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from extractor.values.reckon import NO_TAIL, Numeral, Part, Reader, is_pair
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
    return Reader(parts).read()


def _parts(run: str) -> Iterator[Part]:
    for m in _PART.finditer(run):
        text = m[0]
        if text in _LATIN:
            yield Part("latin", _LATIN[text], m.end(), text)
        elif text == "个":
            yield Part("link", 0, m.end(), text)
        elif text in _KINDS:
            kind, value = _KINDS[text]
            yield Part(kind, value, m.end(), text)
        else:
            number = float(text.replace(",", "")) if len(text) <= _MAX_DIGITS else -1.0
            yield Part("arabic", number, m.end(), text)


def _digit_string(parts: list[Part]) -> tuple[int, Numeral | None] | None:
    """二零二六, 三八 and the like: digits read one by one, where no unit follows. 七八, 三五 stay pairs."""
    count = next((i for i, p in enumerate(parts) if p.kind != "digit"), len(parts))
    if count < 2 or (
        count < len(parts) and parts[count].kind in ("unit", "scale", "some", "vague", "about", "latin", "link")
    ):
        return None
    if count < len(parts) and parts[count].kind == "point":
        return None
    if any(p.text in NO_TAIL for p in parts[1:count]):
        return None
    values = [int(p.value) for p in parts[:count]]
    if count == 2 and is_pair(values[0], values[1]):
        return None
    end, text = parts[count - 1].end, "".join(map(str, values))
    if count > _MAX_DIGITS:
        return end, None
    return end, Numeral(float(text), float(text), float(text), digits=text)
