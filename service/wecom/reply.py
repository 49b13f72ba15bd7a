"""The numbered list that asks a rep to confirm, within WeCom's 2,048 bytes of a text reply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from extractor.types import Json

MAX_REPLY = 2048  # bytes of UTF-8
MAX_LINK = 600  # bytes; a longer one would leave no room for the list and is left out
_SIZES = (
    (80, 60),
    (60, 30),
    (40, 14),
    (24, 8),
    (24, 0),
)  # most code points of a value and of its evidence, first that fits
_NOTHING = "这条没有读出可以填的字段；请把客户原话、时间、数量写具体些再发一次。"


@dataclass(frozen=True, slots=True)
class Page:
    """A reply and how many fields its list shows: the numbers the rep may answer with."""

    text: str
    shown: int


def reply(fields: Sequence[Mapping[str, Json]], *, asks: Sequence[str] = (), link: str | None = None) -> str:
    """The text of `page`."""
    return page(fields, asks=asks, link=link).text


def page(
    fields: Sequence[Mapping[str, Json]],
    *,
    asks: Sequence[str] = (),
    link: str | None = None,
    numbers: Sequence[int] = (),
    customer: str | None = None,
) -> Page:
    """The list of `fields` (each one extracted field of the interface: title, display, evidence, basis, certain).

    `asks` are further questions (what the contract refused), dropped first where room is short; `link` leads to the
    confirm page; `numbers` (1, 2, … where none are given) are what the rep answers with. Long evidence is cut before a
    field is left out; the text then says how many are.
    """
    if not fields:
        return Page(_with_asks([_NOTHING], asks), 0)
    numbers = numbers or range(1, len(fields) + 1)
    whose = f"（{short(customer, 30)}）" if customer else ""
    items: list[str] = []
    for value_size, evidence_size in _SIZES:
        items = [_item(n, f, value_size, evidence_size) for n, f in zip(numbers, fields, strict=True)]
        lines = [f"读出 {len(fields)} 项{whose}，请确认：", *items, _question(numbers, link)]
        if _size(lines) <= MAX_REPLY:
            return Page(_with_asks(lines, asks), len(fields))
    fitting = (n for n in range(1, len(fields)) if _size(_cut(items, numbers[:n], link)) <= MAX_REPLY)
    shown = max(fitting, default=0)
    return Page("\n".join(_cut(items, numbers[:shown], link)), shown)


def _item(number: int, field: Mapping[str, Json], value_size: int, evidence_size: int) -> str:
    line = f"{number}. {short(field.get('title'), 20)}：{short(field.get('display'), value_size)}{mark(field)}"
    evidence = "…".join(short(words, evidence_size) for words in _evidence(field)) if evidence_size else ""
    return f"{line}\n   原文「{short(evidence, evidence_size)}」" if evidence else line


def mark(field: Mapping[str, Json]) -> str:
    """What a reader must know of a value besides the value."""
    if field.get("state") in ("confirmed", "corrected"):
        return "（已写入）"
    return "（推断）" if field.get("basis") == "inferred" else "" if field.get("certain", True) else "（不确定）"


def _evidence(field: Mapping[str, Json]) -> Iterator[str]:
    spans = field.get("evidence")
    for span in spans if isinstance(spans, list) else []:
        if isinstance(span, dict) and span.get("text"):
            yield str(span["text"])


def _question(numbers: Sequence[int], link: str | None) -> str:
    count = len(numbers)
    another = numbers[min(count, 2) - 1] if count else 1
    some = ("", "", f"「{another}」只确认第 {another} 项，")[count] if count < 3 else _several(numbers)
    text = f"对吗？回「1」{'全部' if count > 1 else ''}确认，{some}「改{another} 正确内容」更正，"
    text += f"「否{another} 原因」否掉，「撤销」取消上一步。"
    return f"{text}\n也可点开确认：{link}" if link and len(link.encode()) <= MAX_LINK else text


def _several(numbers: Sequence[int]) -> str:
    return f"「{numbers[0]},{numbers[2]}」只确认这几项，"


def _cut(items: Sequence[str], numbers: Sequence[int], link: str | None) -> list[str]:
    """The items with these `numbers`; 「1」 confirms what is shown, so the rest is announced and asked later."""
    shown = len(numbers)
    more = f"还有 {len(items) - shown} 项没有列出，确认完这些再看。"
    return [f"读出 {len(items)} 项，先请确认前 {shown} 项：", *items[:shown], more, _question(numbers, link)]


def _with_asks(lines: list[str], asks: Sequence[str]) -> str:
    """`lines`, and behind them as many of the further questions as there is room for."""
    for count in range(len(asks), 0, -1):
        more = [*lines, "另外想问：", *(f"· {short(ask, 80)}" for ask in asks[:count])]
        if _size(more) <= MAX_REPLY:
            return "\n".join(more)
    return "\n".join(lines)


def short(text: Json, size: int) -> str:
    """One line of at most `size` code points; 「<」 goes full-width, for WeCom would make `<a …>` a link."""
    flat = " ".join(str(text if text is not None else "").split()).replace("<", "＜")
    flat = flat.encode("utf-8", "replace").decode()
    return flat if len(flat) <= size else flat[: max(size - 1, 0)] + "…"


def _size(lines: Sequence[str]) -> int:
    return len("\n".join(lines).encode())
