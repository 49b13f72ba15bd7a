"""Annotation by people: who marks which note next, what marks are allowed, and when a note is fully labelled.

A task goes open → closed, or, where two people mark it, open → marked → agreed (and closed) or disputed → closed.
Neither of the two sees the other's marks. Notes that two people mark come without suggestions, so that their
agreement is theirs.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row

from annotation.marking import compare, marking_from
from annotation.queue import choose
from extractor.contract import Contract
from extractor.kinds import KINDS
from extractor.types import Json, Note, Result
from extractor.validate import Problem
from service.asking import settings_of
from service.decide import corrected_value
from service.problems import ServiceError
from service.store import annotation as store
from service.store import audit
from service.store.database import Database
from service.store.keys import Caller

BATCH = 20  # tasks made at a time
SKIPS = 2  # so many people who cannot mark a note take it out
Marks = list[dict[str, Any]]


class StaleError(Exception):
    """The task that was read for somebody is another's by now."""


class Given(NamedTuple):
    """A sheet as somebody sends it, and the version they saw (None: whichever)."""

    marks: Sequence[Mapping[str, Any]]
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What the engine suggests in a task's note, read before the tenant's turn was taken."""

    task: str
    marks: Marks


@dataclass(frozen=True, slots=True)
class Annotating:
    """Tasks are handed out and taken in under a contract; `read` is the engine that suggests marks.

    `f1`: what its model scores by field; the queue asks more about the weak ones.
    """

    contract: Contract
    read: Callable[[Note], Result]
    f1: Mapping[str, float] = field(default_factory=dict)

    def wanted(self, connection: Connection, caller: Caller) -> Row[Any] | None:
        """The note that `next_task` would most likely begin, where it would come with suggestions."""
        if store.draft_of(connection, caller.tenant, caller.name) is not None:
            return None
        task = store.free_for(connection, caller.tenant, caller.name)
        row = store.task_of(connection, caller.tenant, task) if task else None
        return row if row is not None and not row.double else None

    def suggested(self, task: Row[Any]) -> Reading:
        """The engine's marks on a task's note."""
        result = self.read(Note(task.client_id, task.text, datetime.fromisoformat(task.sent_at)))
        marks = [
            {"field": e.field, "evidence": [{"start": s.start, "end": s.end} for s in e.evidence], "value": e.value,
             "certain": e.certain, "suggested": True}
            for e in (*result.fields, *result.unsure)
            if e.basis == "stated"
        ]  # fmt: skip
        return Reading(task.id, marks)

    def fill(self, connection: Connection, caller: Caller) -> None:
        """Make further tasks where none is left for this person."""
        store.take_turn(connection, caller.tenant)
        mine = store.draft_of(connection, caller.tenant, caller.name)
        if mine is None and store.free_for(connection, caller.tenant, caller.name) is None:
            self._refill(connection, caller)

    def next_task(self, connection: Connection, caller: Caller, read: Reading | None) -> str | None:
        """The task to work on now: one's own unfinished one, else a free one; None where nothing is left to ask.

        Raises StaleError where a free one needs suggestions and `read` is of another: somebody was quicker.
        """
        store.take_turn(connection, caller.tenant)
        if (mine := store.draft_of(connection, caller.tenant, caller.name)) is not None:
            return mine
        task = store.free_for(connection, caller.tenant, caller.name)
        if task is None:
            return None
        row = store.task_of(connection, caller.tenant, task)
        if not row.double and (read is None or read.task != task):
            raise StaleError
        store.begin(connection, caller.tenant, task, caller.name, [] if row.double or read is None else read.marks)
        audit.record(connection, caller.tenant, caller.name, "annotation.begin", task)
        return task

    def _refill(self, connection: Connection, caller: Caller) -> None:
        mix, double = settings_of(connection, caller.tenant)
        seed = store.count(connection, caller.tenant)
        pool, known = store.pool(connection, caller.tenant), store.labelled(connection, caller.tenant)
        picked = choose(pool, known, mix=mix, count=BATCH, seed=seed, f1=self.f1)
        drawn = [(p, random.Random(f"double:{p.id}").random() < double) for p in picked]
        store.add_tasks(connection, caller.tenant, drawn, self.contract.version)

    def sheet(self, connection: Connection, caller: Caller, task: str) -> dict[str, Any]:
        """One's own work on a task: the note, the marks, their version. Raises ServiceError 404."""
        row, mine = self._mine(connection, caller, task)
        return {
            "id": row.id, "state": row.state, "double": row.double, "strategy": row.strategy,
            "note": {"text": row.text, "sent_at": row.sent_at}, "contract": row.contract,
            "sheet": {"state": mine.state, "version": mine.version, "marks": [self._shown(m) for m in mine.marks]},
        }  # fmt: skip

    def _mine(self, connection: Connection, caller: Caller, task: str) -> tuple[Row[Any], Row[Any]]:
        row = store.task_of(connection, caller.tenant, task)
        mine = next((s for s in store.sheets_of(connection, task) if s.annotator == caller.name), None)
        if mine is None:
            raise ServiceError(404, "annotation.not_found", "没有这个标注任务")
        return row, mine

    def _shown(self, mark: Mapping[str, Any]) -> dict[str, Any]:
        return {**mark, **shown(self.contract, mark)}

    def save(self, connection: Connection, caller: Caller, task: str, given: Given) -> dict[str, Any]:
        """A draft: values may still be missing. The same marks again change nothing."""
        store.take_turn(connection, caller.tenant)
        row, mine = self._open(connection, caller, task, given.expected)
        marks = self._checked(row, given.marks, draft=True)
        if marks != mine.marks:
            store.write_sheet(connection, mine, "draft", marks)
            audit.record(connection, caller.tenant, caller.name, "annotation.save", task, {"marks": len(marks)})
        return self.sheet(connection, caller, task)

    def finish(self, connection: Connection, caller: Caller, task: str, given: Given) -> dict[str, Any]:
        """One's marks are complete. The note is closed, or awaits the other person, or their dispute is settled."""
        store.take_turn(connection, caller.tenant)
        row, mine = self._mine(connection, caller, task)
        marks = self._checked(row, given.marks, draft=False)
        if mine.state == "done" and mine.marks == marks:  # sent twice
            return self.sheet(connection, caller, task)
        row, mine = self._open(connection, caller, task, given.expected)
        store.write_sheet(connection, mine, "done", marks)
        done = [s.marks for s in store.sheets_of(connection, task) if s.state == "done"]
        state = self._settled(connection, caller, row, done)
        details: dict[str, Json] = {"marks": len(marks), "state": state}
        audit.record(connection, caller.tenant, caller.name, "annotation.finish", task, details)
        return self.sheet(connection, caller, task)

    def _settled(self, connection: Connection, caller: Caller, row: Row[Any], done: Sequence[Marks]) -> str:
        """What a finished sheet makes of its task."""
        if not row.double:
            store.close(connection, row.id, "single", done[0], caller.name)
            return "closed"
        if len(done) < 2:
            store.set_state(connection, row.id, "marked")
            return "marked"
        if compare(map(marking_from, done[0]), map(marking_from, done[1])):
            store.set_state(connection, row.id, "disputed")
            return "disputed"
        store.close(connection, row.id, "agreed", done[0], caller.name)
        return "agreed"

    def skip(self, connection: Connection, caller: Caller, task: str, reason: str) -> dict[str, Any]:
        """One cannot mark this note; others may. After `SKIPS` people it is out."""
        if not reason.strip():
            raise ServiceError(422, "annotation.reason", "跳过请给一个理由，例如：看不懂、不是销售笔记、缺上下文")
        store.take_turn(connection, caller.tenant)
        _, mine = self._open(connection, caller, task, None)
        store.write_sheet(connection, mine, "skipped", [], reason.strip())
        states = [s.state for s in store.sheets_of(connection, task)]
        if states.count("skipped") >= SKIPS:
            store.set_state(connection, task, "skipped")
        audit.record(connection, caller.tenant, caller.name, "annotation.skip", task)
        return self.sheet(connection, caller, task)

    def _open(
        self, connection: Connection, caller: Caller, task: str, expected: int | None
    ) -> tuple[Row[Any], Row[Any]]:
        row, mine = self._mine(connection, caller, task)
        if mine.state != "draft" or row.state not in ("open", "marked"):
            raise ServiceError(409, "annotation.closed", "这条笔记已经标完了，请取下一条")
        if expected is not None and expected != mine.version:
            now: dict[str, Json] = {"version": mine.version, "marks": mine.marks}
            raise ServiceError(
                409, "annotation.conflict", "这条笔记在别的窗口里改过，请重新打开", extra={"current": now}
            )
        return row, mine

    def dispute(self, connection: Connection, caller: Caller, task: str) -> dict[str, Any]:
        """Both sides of a dispute, without names, and where they part. Raises ServiceError 403 for the two of them."""
        row, sides = self._dispute(connection, caller, task)
        partings = compare(map(marking_from, sides[0]), map(marking_from, sides[1]))
        return {
            "id": row.id, "note": {"text": row.text, "sent_at": row.sent_at},
            "first": [self._shown(m) for m in sides[0]], "second": [self._shown(m) for m in sides[1]],
            "fields": [p.field for p in partings],
        }  # fmt: skip

    def _dispute(self, connection: Connection, caller: Caller, task: str) -> tuple[Row[Any], list[Marks]]:
        row = store.task_of(connection, caller.tenant, task)
        done = [s for s in store.sheets_of(connection, task) if s.state == "done"]
        if row.state != "disputed" or row.text is None:
            raise ServiceError(409, "annotation.not_disputed", "这条笔记没有待裁决的分歧")
        if caller.name in {s.annotator for s in done}:
            raise ServiceError(403, "annotation.own", "自己标过的笔记要由别人裁决")
        return row, [s.marks for s in done]

    def settle(
        self, connection: Connection, caller: Caller, task: str, marks: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        """The adjudicator's marks are final. Raises ServiceError as `dispute`, 422 where the contract refuses one."""
        store.take_turn(connection, caller.tenant)
        row, _ = self._dispute(connection, caller, task)
        final = self._checked(row, marks, draft=False)
        store.close(connection, task, "adjudicated", final, caller.name)
        audit.record(connection, caller.tenant, caller.name, "annotation.settle", task, {"marks": len(final)})
        return {"id": task, "state": "closed", "marks": [self._shown(m) for m in final]}

    def _checked(self, task: Row[Any], given: Sequence[Mapping[str, Any]], *, draft: bool) -> Marks:
        """Marks in canonical form and order, none twice. Raises ServiceError 422 that names the mark."""
        if task.text is None:
            raise ServiceError(409, "annotation.erased", "原文已按要求删除，不能再标")
        sent_at = datetime.fromisoformat(task.sent_at)
        marks: Marks = []
        for mark in given:
            made = self._one(task.text, sent_at, mark, draft=draft)
            if made not in marks:
                marks.append(made)
        return sorted(marks, key=lambda m: (m["evidence"][0]["start"], m["evidence"][0]["end"], m["field"]))

    def _one(self, text: str, sent_at: datetime, mark: Mapping[str, Any], *, draft: bool) -> dict[str, Any]:
        field = self.contract.fields.get(mark["field"])
        if field is None:
            raise ServiceError(422, "contract.field", f"契约里没有字段 {mark['field']}")
        spans = sorted({(e["start"], e["end"]) for e in mark["evidence"]})
        if not spans or any(not start < end <= len(text) for start, end in spans):
            raise ServiceError(422, "annotation.span", f"「{field.title}」的原文位置不对，请重新选")
        if mark.get("suggested") and not draft:
            raise ServiceError(422, "annotation.undecided", f"「{field.title}」还有一处预标没有接受或删除")
        value = mark["value"]
        if value is None and not draft:
            raise ServiceError(422, "annotation.value", f"「{field.title}」还没有值。{field.capture.ask}")
        if value is not None and not mark.get("suggested"):
            value = corrected_value(self.contract, field, value, sent_at)
            if isinstance(value, Problem):
                raise ServiceError(422, value.code, value.message)
        evidence = [{"start": start, "end": end} for start, end in spans]
        made = {"field": field.name, "evidence": evidence, "value": value, "certain": mark["certain"]}
        return {**made, "suggested": True} if mark.get("suggested") else made


def shown(contract: Contract, mark: Mapping[str, Any]) -> dict[str, str]:
    """Title and value of a mark as people read them."""
    field = contract.fields.get(mark["field"])
    if field is None:
        return {"title": mark["field"], "display": ""}
    return {"title": field.title, "display": "" if mark["value"] is None else KINDS[field.kind].display(mark["value"])}


def begin_next(database: Database, desk: Annotating, caller: Caller) -> dict[str, Any] | None:
    """The sheet to work on now; None where nothing is left to ask. The engine reads while nobody waits for the turn."""
    with database.write() as connection:
        desk.fill(connection, caller)
    while True:
        with database.read() as connection:
            row = desk.wanted(connection, caller)
        read = desk.suggested(row) if row is not None else None
        try:
            with database.write() as connection:
                task = desk.next_task(connection, caller, read)
                return desk.sheet(connection, caller, task) if task else None
        except StaleError:  # everybody who was quicker has a task now: this ends
            continue
