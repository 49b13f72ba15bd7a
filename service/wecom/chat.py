"""What a rep answers in the chat to the numbered list.

    「1」「全部」「好」「ok」        all of the list: 「1」 alone always means all; the first alone is 「只1」 or 「1,」
    「1,3」「2」「1、3」「1 3」      those of the list
    「改2 下周四」                  number 2 becomes 下周四
    「否3 客户没说」「否3」          number 3 is rejected, with or without a reason
    「撤销」                        the last answer is undone
    anything else                  a note to extract

Numbers have one or two digits, half- or full-width, so a phone number stays a note. The words are in `words.yaml`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

WORDS = Path(__file__).with_name("words.yaml")
_JOIN = r"[\s,，、;；和]"
_ENDING = "。.!！~～… \u3000"


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


Answer = ConfirmAll | Confirm | Correct | Reject | Undo | Message | Unclear


def parse(text: str, count: int) -> Answer:
    """What `text` means while `count` numbered fields wait for this rep (0: none does). Never raises."""
    answer = _read(text)
    if isinstance(answer, Message | Undo | Unclear):
        return answer
    if count <= 0:
        return Unclear("现在没有等您确认的内容；直接发拜访笔记即可。")
    wrong = [n for n in _numbers(answer) if not 1 <= n <= count]
    return Unclear(_out_of_range(wrong, count)) if wrong else answer


def _read(text: str) -> Answer:
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and all(_command(line.strip()) for line in lines):
        return Unclear("一条消息请只写一个回答，例如先发「1,3」，再发「改2 下周四」。")
    return _command(text.strip()) or Message(text)


def _command(text: str) -> Answer | None:
    words, patterns = _words(), _patterns()
    word = unicodedata.normalize("NFKC", text).casefold().strip(_ENDING)
    if word == "1" or word in words["all"]:
        return ConfirmAll()
    if word in words["undo"]:
        return Undo()
    if found := patterns["confirm"].fullmatch(text):
        return Confirm(tuple(dict.fromkeys(map(int, re.findall(r"\d+", text)))))
    if patterns["several"].match(text):
        return Unclear("改和否一次只写一条，请分开发，例如「改2 下周四」「否3 客户没说」。")
    if found := patterns["correct"].fullmatch(text):
        return _correct(int(found["number"]), found["words"].strip())
    if found := patterns["reject"].fullmatch(text):
        return Reject(int(found["number"]), found["words"].strip())
    return None


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
    either = {name: "|".join(map(re.escape, sorted(words, key=len, reverse=True))) for name, words in _words().items()}
    number = r"第?(?P<number>\d{1,2})"
    note = rf"\d|[:：]\d|{either['units']}"
    rest = r"[\s,，、:：;；=]*(?P<words>.*)"
    becomes = rf"(?:为|成(?![都本交立功套])|(?!{note}))"  # 「改2成下周四」, but 「改2成都…」 is about 成都
    verbs = f"(?:{either['correct']}|{either['reject']})"
    patterns = {
        "confirm": rf"(?:(?:{either['only']})\s*)?第?\d{{1,2}}(?:{_JOIN}+\d{{1,2}})*{_JOIN}*",
        "several": rf"{verbs}\s*{number}(?:[,，、和]\s*\d{{1,2}})+(?=[\s,，、:：;；]|$)",
        "correct": rf"(?:{either['correct']})\s*{number}{becomes}{rest}",
        "reject": rf"(?:{either['reject']})\s*{number}(?!{note}){rest}",
    }
    return {name: re.compile(pattern, re.DOTALL) for name, pattern in patterns.items()}
