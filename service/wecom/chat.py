"""What a rep answers in the chat to the numbered list.

    「1」「全部」「好」「ok」        all of the list: 「1」 alone always means all; the first alone is 「只1」 or 「1,」
    「1,3」「2」「1 3」「1-3」「1、3对」   those of the list
    「改2 下周四」「第2条改成下周四」 number 2 becomes 下周四
    「否3 客户没说」「3不对」        number 3 is rejected, with or without a reason; 「都不对」 rejects all
    「撤销」                        the last answer is undone
    anything else                  a note to extract

Numbers have one or two digits, half- or full-width, so a phone number stays a note; they are read on a view of the text
that has as many characters (full width made half, what cannot be seen made a space), so that a rep's words are cut from
the text as typed. The words are in `words.yaml`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

WORDS = Path(__file__).with_name("words.yaml")
ONE_EACH = "一条消息请只写一个回答，例如先发「1,3」，再发「改2 下周四」。"
_JOIN = r"[\s,，、;；和]"
_ENDING = "。.!！~～… \u3000"
_UNSEEN = "\ufe0f\u20e3"  # what turns 1 into the emoji 1️⃣; zero-width characters go by their category
_ORDINAL = re.compile("(?<=第)[一二三四五六七八九](?=[条项个])")
_DIGITS = {numeral: str(digit) for digit, numeral in enumerate("一二三四五六七八九", 1)}
_PIECES = re.compile(r"[\n,;。]+")


@dataclass(frozen=True, slots=True)
class ConfirmAll:
    """Everything on the list is right."""


@dataclass(frozen=True, slots=True)
class Confirm:
    """These numbers (from 1) are right; the rest still waits."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Correct:
    """The value of `number` should be what `words` say; the value finder reads them against the message's time."""

    number: int
    words: str


@dataclass(frozen=True, slots=True)
class Reject:
    """`number` is wrong; `reason` is "" where the rep gave none."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class RejectAll:
    """Nothing on the list is right."""


@dataclass(frozen=True, slots=True)
class Undo:
    """Take the last answer back."""


@dataclass(frozen=True, slots=True)
class Message:
    """No answer but a note to extract, exactly as received."""

    text: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """Meant as an answer, but it cannot be carried out; `message` (Chinese) says what to send instead."""

    message: str


Answer = ConfirmAll | Confirm | Correct | Reject | RejectAll | Undo | Message | Unclear


def parse(text: str, count: int) -> Answer:
    """What `text` means while `count` numbered fields wait for this rep (0: none does). Never raises."""
    answer = _read(text, waiting=count > 0)
    if isinstance(answer, Message | Undo | Unclear):
        return answer
    if count <= 0:
        return Unclear("现在没有等您确认的内容；直接发拜访笔记即可。")
    wrong = [n for n in _numbers(answer) if not 1 <= n <= count]
    return Unclear(_out_of_range(wrong, count)) if wrong else answer


def _read(text: str, *, waiting: bool) -> Answer:
    view = _view(text)
    found = _command(text, view)
    lines = [line for line in view.splitlines() if line.strip(_ENDING)]
    if len(lines) > 1 and not isinstance(found, Confirm) and all(_command(line, line) for line in lines):
        return Unclear(ONE_EACH)
    if found is not None:
        return found
    pieces = [_command(piece, piece) for piece in _PIECES.split(view) if piece.strip(_ENDING)]
    if pieces and all(isinstance(piece, ConfirmAll) for piece in pieces):
        return ConfirmAll()  # 「对，没错」
    if pieces and all(pieces):
        return Unclear(ONE_EACH)
    if waiting and view.strip(_ENDING) in _words()["vague"]:
        return Unclear("请说是哪一条，例如「否2 客户没说」「改2 下周四」；全都不对就回「都不对」。")
    return Message(text)


def _view(text: str) -> str:
    seen = "".join(map(_seen, text))
    return _ORDINAL.sub(lambda found: _DIGITS[found[0]], seen)


def _seen(letter: str) -> str:
    """One character for one: half-width and lower-case where that is one, a space for what cannot be seen."""
    if letter in _UNSEEN or unicodedata.category(letter) == "Cf":
        return " "
    plain = unicodedata.normalize("NFKC", letter).casefold()
    return plain if len(plain) == 1 else letter


def _command(text: str, view: str) -> Answer | None:
    """The command that a whole text is; `view` is the text as patterns see it, character by character."""
    words, patterns = _words(), _patterns()
    word = "".join(view.split()).strip(_ENDING)
    if word == "1" or word in words["all"]:
        return ConfirmAll()
    if word in words["none"]:
        return RejectAll()
    if word in words["undo"]:
        return Undo()
    start, end = len(view) - len(view.lstrip()), len(view.rstrip())
    closed = len(view.rstrip(_ENDING))
    if found := patterns["range"].fullmatch(view, start, closed):
        return Confirm(tuple(range(int(found["first"]), int(found["last"]) + 1))) if _rises(found) else None
    if patterns["confirm"].fullmatch(view, start, closed):
        return Confirm(tuple(dict.fromkeys(map(int, re.findall(r"\d+", view)))))
    if patterns["several"].match(view, start, end):
        return Unclear("改和否一次只写一条，请分开发，例如「改2 下周四」「否3 客户没说」。")
    for kind in ("correct", "changed", "reject", "wrong"):
        if found := patterns[kind].fullmatch(view, start, end):
            number, said = int(found["number"]), text[found.start("words") : found.end("words")].strip()
            return _correct(number, said) if kind in ("correct", "changed") else Reject(number, said)
    return None


def _rises(found: re.Match[str]) -> bool:
    return int(found["first"]) < int(found["last"])


def _correct(number: int, words: str) -> Answer:
    return Correct(number, words) if words else Unclear(f"请写上第 {number} 条要改成什么，例如「改{number} 下周四」。")


def _numbers(answer: Answer) -> tuple[int, ...]:
    match answer:
        case Confirm(numbers):
            return numbers
        case Correct(number) | Reject(number):
            return (number,)
        case _:
            return ()


def _out_of_range(wrong: list[int], count: int) -> str:
    listed = "只有第 1 条" if count == 1 else f"编号是 1 到 {count}"
    return f"没有第 {'、'.join(map(str, wrong))} 条；这次{listed}，多个编号请用逗号隔开。"


@cache
def _words() -> dict[str, list[str]]:
    words: dict[str, list[str]] = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    return words


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    """Of the view. 「改2:30开会」 and 「改2条产线」 are notes, 「改2:30人」 and 「改2:3月5号」 are corrections."""
    either = {name: "|".join(map(re.escape, sorted(words, key=len, reverse=True))) for name, words in _words().items()}
    number = r"(?P<th>第)?\s*(?P<number>\d{1,2})(?(th)\s*[条项个]?)"
    listed = rf"\d{{1,2}}(?:{_JOIN}+\d{{1,2}})*|第\s*\d{{1,2}}[条项个]?(?:{_JOIN}+第?\d{{1,2}}[条项个]?)*"
    clock = rf":[0-5]\d(?!\d|\s*(?:{either['units']}))"
    note = rf"\d|{clock}|{either['units']}"
    rest = r"(?:[\s,、:;=]|[-=]>|→)*(?P<words>.*)"
    place = "(?![都本交立功套])"  # 「改2成下周四」, but 「改2成都…」 is about 成都
    becomes = rf"(?:为|成{place}|(?!{note}))"
    should = f"应该[是为]|应[是为]|改[为成]{place}"
    patterns = {
        "range": r"(?P<first>\d{1,2})\s*[-~到至]\s*(?P<last>\d{1,2})",
        "confirm": rf"(?:(?:{either['only']})\s*)?(?:{listed}){_JOIN}*(?:{either['right']})?",
        "several": rf"(?:{either['correct']}|{either['reject']})\s*{number}(?:[,、和]\s*\d{{1,2}})+(?=[\s,、:;]|$)",
        "correct": rf"(?:{either['correct']})\s*{number}{becomes}{rest}",
        "changed": rf"[把将]?\s*{number}(?:\s*(?:{should})|\s*(?:{either['wrong']})[\s,]*(?:{should}|是)){rest}",
        "reject": rf"(?:{either['reject']})\s*{number}(?!{note}){rest}",
        "wrong": rf"{number}\s*(?:{either['wrong']})(?:[\s,:]+(?P<words>.*))?",
    }
    return {name: re.compile(pattern, re.DOTALL) for name, pattern in patterns.items()}
