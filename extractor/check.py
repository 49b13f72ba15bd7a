"""`fieldnote check`: does the contract load, do its examples hold, is every pattern quick on a hostile note?"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from extractor.contract import SENT_AT, Contract, Example, Expect, Field
from extractor.errors import ContractError
from extractor.infer import unreadable
from extractor.kinds import KINDS
from extractor.pipeline import Engine
from extractor.reading import View
from extractor.scanner import Pattern
from extractor.types import Extraction, Note, Result

SLOW = 0.05  # seconds one pattern may take on a note of 10,000 characters
OWN = 3  # words of each need
HOSTILE = ("一" * 10_000, "9" * 10_000, "王总说要等，" * 1_667, "没有不是要换成" * 1_429, "a1 " * 3_334)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing wrong with a contract: where, and what to do."""

    file: str
    key: str
    cure: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.cure}"


def check(contract: Contract) -> list[Trouble]:
    """Everything wrong with a contract that loads: unknown kinds, bad or slow patterns, examples that do not hold."""
    unknown = [
        Trouble(f"{f.name}.yaml", "kind", f"没有类型 {f.kind}；可用：{'、'.join(KINDS)}")
        for f in contract.fields.values()
        if f.kind not in KINDS
    ]
    if unknown:
        return unknown
    try:
        engine = Engine(contract)
        slow = list(slow_patterns(engine.finder.patterns()))
    except ContractError as error:
        return [Trouble(error.file, error.key, error.cure)]
    return [*slow, *blind_inferences(contract)] + [
        t for f in contract.fields.values() for n, e in enumerate(f.examples) for t in failures(engine, f, n, e)
    ]


def blind_inferences(contract: Contract) -> Iterator[Trouble]:
    """Inferences that could never conclude anything."""
    day = datetime.fromisoformat(SENT_AT)
    for rule, expression in unreadable(contract, day):
        then = contract.fields[rule.then]
        cure = f"「{expression}」读不成{then.title}的值；换成笔记里会写的说法，例如 Q2末"
        yield Trouble("inferences.yaml", f"{rule.name}.windows", cure)


def slow_patterns(patterns: Iterable[Pattern]) -> Iterator[Trouble]:
    """Patterns over the limit on a hostile note, each also on words of its own, repeated."""
    for pattern in patterns:
        own = [word for need in pattern.needs.all for word in sorted(need.words)[:OWN]]
        if any(_slow(pattern, text) for text in (*HOSTILE, *((word * (10_000 // len(word)))[:-1] for word in own))):
            cure = f"在一条一万字的笔记上超过 {SLOW * 1000:.0f} 毫秒；去掉嵌套或无上限的重复"
            yield Trouble(pattern.file, pattern.key, cure)


def _slow(pattern: Pattern, text: str) -> bool:
    """Machines hiccup: only the third slow run in a row counts."""
    view = View(text, range(len(text) + 1))
    return all(_seconds(pattern, view) > SLOW for _ in range(3))


def _seconds(pattern: Pattern, view: View) -> float:
    start = time.process_time()
    pattern.matches(view)
    return time.process_time() - start


def failures(engine: Engine, field: Field, number: int, example: Example) -> Iterator[Trouble]:
    """How an example fails; a `todo` example that holds is a failure too, so that known gaps stay true."""
    note = Note("example", example.text, datetime.fromisoformat(example.sent_at))
    problems = list(_differences(engine.extract(note), field, example))
    key = f"examples.{number}「{example.text[:24]}」"
    if example.todo and not problems:
        yield Trouble(f"{field.name}.yaml", key, "标了 todo 的例子已经通过；去掉 todo")
    elif problems and not example.todo:
        yield Trouble(f"{field.name}.yaml", key, "；".join(problems))


def _differences(result: Result, field: Field, example: Example) -> Iterator[str]:
    got = [e for e in result.fields if e.field == field.name]
    for want in example.expect:
        hit = next((e for e in got if _meets(e, want, result)), None)
        if hit is None:
            yield f"应找到 {want.value!r}（证据「{want.evidence or '…'}」），实得 {_list(got, result)}"
        else:
            got.remove(hit)
    if got:
        yield f"不该找到 {_list(got, result)}"
    if example.refused and not any(r.code == f"contract.{example.refused}" for r in result.refused):
        yield f"应拒绝（{example.refused}），却没有"


def _meets(e: Extraction, want: Expect, result: Result) -> bool:
    words = [result.note.text[s.start : s.end] for s in e.evidence]
    return (
        (want.value is None or e.value == want.value)
        and (want.evidence is None or want.evidence in words)
        and e.basis == want.basis
        and (want.certain is None or e.certain == want.certain)
    )


def _list(got: list[Extraction], result: Result) -> str:
    return "、".join(f"{e.value!r}「{result.note.text[e.evidence[0].start : e.evidence[0].end]}」" for e in got) or "无"
