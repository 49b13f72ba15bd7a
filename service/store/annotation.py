"""Annotation tasks and the sheets people fill in, kept and read back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, insert, null, select, update

from annotation.queue import Item, Picked
from service.problems import ServiceError
from service.store.annotation_tables import annotation_sheets as sheets
from service.store.annotation_tables import annotation_tasks as tasks
from service.store.database import new_id, now
from service.store.tables import extractions, notes, suggestions, tenants

POOL = 500  # newest notes that the queue chooses from, and newest closed ones that it compares with
STALE = timedelta(hours=2)  # a draft not touched for so long keeps nobody else from the note
BREAK = 60.0  # seconds between two saves that count as work; longer ones were a break


def take_turn(connection: Connection, tenant: str) -> None:
    """Until the end of the transaction no other one hands out or finishes tasks of the tenant."""
    connection.execute(select(tenants.c.id).where(tenants.c.id == tenant).with_for_update(key_share=True))


def pool(connection: Connection, tenant: str) -> list[Item]:
    """Notes that nobody was asked about yet, with what the engine found, sure and unsure, when they came in."""
    asked = select(tasks.c.note).where(tasks.c.tenant == tenant)
    wanted = select(notes.c.id, notes.c.text).where(notes.c.tenant == tenant, notes.c.text.is_not(None))
    rows = connection.execute(wanted.where(notes.c.id.not_in(asked)).order_by(notes.c.id.desc()).limit(POOL)).all()
    ids = [row.id for row in rows]
    found: dict[str, list[Any]] = {name: [] for name in ids}
    query = select(extractions.c.note, suggestions.c.data, suggestions.c.state).join(
        extractions, extractions.c.id == suggestions.c.extraction
    )
    for row in connection.execute(query.where(extractions.c.note.in_(ids))):
        found[row.note].append(row)
    told = select(extractions.c.note, extractions.c.unsure).where(extractions.c.note.in_(ids))
    unsure = {row.note: row.unsure or [] for row in connection.execute(told)}
    turned_down = ("rejected", "corrected")
    return [
        Item(
            r.id, r.text, {"fields": [s.data for s in found[r.id]], "unsure": unsure.get(r.id, [])},
            sum(s.state in turned_down for s in found[r.id]),
        )
        for r in rows
        if r.text.strip()
    ]  # fmt: skip


def labelled(connection: Connection, tenant: str) -> list[Item]:
    """Closed notes with their final marks, newest first."""
    query = select(notes.c.id, notes.c.text, tasks.c.final).join(tasks, tasks.c.note == notes.c.id)
    closed = (tasks.c.tenant == tenant) & (tasks.c.state == "closed") & notes.c.text.is_not(None)
    rows = connection.execute(query.where(closed).order_by(tasks.c.closed_at.desc()).limit(POOL))
    return [Item(r.id, r.text, {"fields": r.final or []}) for r in rows]


def add_tasks(connection: Connection, tenant: str, picked: Sequence[tuple[Picked, bool]], contract: str) -> None:
    """Tasks for picked notes (with whether two people mark it), behind those there are."""
    start = count(connection, tenant)
    rows = [
        {"id": new_id(), "tenant": tenant, "note": p.id, "position": start + n, "strategy": p.strategy,
         "double": double, "state": "open", "contract": contract, "created_at": now()}
        for n, (p, double) in enumerate(picked)
    ]  # fmt: skip
    if rows:
        connection.execute(insert(tasks), rows)


def count(connection: Connection, tenant: str) -> int:
    """How many tasks there ever were."""
    return connection.execute(select(func.count()).select_from(tasks).where(tasks.c.tenant == tenant)).scalar_one()


def task_of(connection: Connection, tenant: str, task: str) -> Row[Any]:
    """A task with its note's text and time. Raises ServiceError 404 where the tenant has none of that id."""
    query = select(tasks, notes.c.text, notes.c.sent_at, notes.c.client_id).join(notes, notes.c.id == tasks.c.note)
    row = connection.execute(query.where(tasks.c.id == task, tasks.c.tenant == tenant)).first()
    if row is None:
        raise ServiceError(404, "annotation.not_found", "没有这个标注任务")
    return row


def sheets_of(connection: Connection, task: str) -> Sequence[Row[Any]]:
    """Everybody's sheets on a task, in the order they were begun."""
    query = select(sheets).where(sheets.c.task == task)
    return connection.execute(query.order_by(sheets.c.started_at, sheets.c.id)).all()


def draft_of(connection: Connection, tenant: str, annotator: str) -> str | None:
    """The task this person has begun and not finished, where it still awaits marks."""
    query = select(tasks.c.id).join(sheets, sheets.c.task == tasks.c.id).join(notes, notes.c.id == tasks.c.note)
    mine = (sheets.c.tenant == tenant) & (sheets.c.annotator == annotator) & (sheets.c.state == "draft")
    still = tasks.c.state.in_(("open", "marked")) & notes.c.text.is_not(None)
    return connection.execute(query.where(mine, still).order_by(sheets.c.started_at).limit(1)).scalar()


def free_for(connection: Connection, tenant: str, annotator: str) -> str | None:
    """The next task this person has not touched and that others leave room on; half done ones first."""
    busy = (sheets.c.state == "done") | ((sheets.c.state == "draft") & (sheets.c.saved_at > now() - STALE))
    taken = select(func.count()).select_from(sheets).where(sheets.c.task == tasks.c.id, busy).scalar_subquery()
    mine = select(sheets.c.task).where(sheets.c.tenant == tenant, sheets.c.annotator == annotator)
    room = (taken == 0) | (tasks.c.double & (taken < 2))
    query = select(tasks.c.id).join(notes, notes.c.id == tasks.c.note).where(
        tasks.c.tenant == tenant, tasks.c.state.in_(("open", "marked")), tasks.c.id.not_in(mine), room,
        notes.c.text.is_not(None),
    )  # fmt: skip
    return connection.execute(query.order_by(tasks.c.state, tasks.c.position).limit(1)).scalar()


def begin(connection: Connection, tenant: str, task: str, annotator: str, marks: list[dict[str, Any]]) -> None:
    """A fresh sheet, with what the engine suggests."""
    moment = now()
    connection.execute(
        insert(sheets).values(
            id=new_id(), tenant=tenant, task=task, annotator=annotator, state="draft", marks=marks, version=1,
            active=0.0, started_at=moment, saved_at=moment,
        )
    )  # fmt: skip


def write_sheet(
    connection: Connection, sheet: Row[Any], state: str, marks: list[dict[str, Any]], reason: str | None = None
) -> None:
    """A new version of a sheet; the time since the last one counts as work, up to a break."""
    moment: datetime = now()
    worked = min(BREAK, max(0.0, (moment - sheet.saved_at).total_seconds()))
    connection.execute(
        update(sheets).where(sheets.c.id == sheet.id).values(
            state=state, marks=marks, reason=reason, version=sheet.version + 1, saved_at=moment,
            active=sheet.active + worked, done_at=moment if state == "done" else None,
        )
    )  # fmt: skip


def set_state(connection: Connection, task: str, state: str) -> None:
    """A step of a task that does not end it."""
    connection.execute(update(tasks).where(tasks.c.id == task).values(state=state))


def close(connection: Connection, task: str, outcome: str, final: list[dict[str, Any]], by: str) -> None:
    """The note is fully labelled: `final` is all there is in it."""
    ended = {"state": "closed", "outcome": outcome, "final": final, "closed_by": by, "closed_at": now()}
    connection.execute(update(tasks).where(tasks.c.id == task).values(**ended))


def disputes(connection: Connection, tenant: str, person: str) -> Sequence[Any]:
    """Disputed tasks that this person did not mark, oldest first."""
    own = select(sheets.c.task).where(sheets.c.tenant == tenant, sheets.c.annotator == person, sheets.c.state == "done")
    query = select(tasks.c.id, notes.c.text, notes.c.sent_at).join(notes, notes.c.id == tasks.c.note)
    query = query.where(tasks.c.tenant == tenant, tasks.c.state == "disputed", tasks.c.id.not_in(own))
    return connection.execute(query.where(notes.c.text.is_not(None)).order_by(tasks.c.position)).all()


def marks_on(connection: Connection, asked: Sequence[str]) -> list[dict[str, Any]]:
    """What people marked on these notes: `{"note_id", "annotator", "state", "marks"}` per sheet."""
    query = select(notes.c.client_id, sheets.c.annotator, sheets.c.state, sheets.c.marks)
    query = query.select_from(sheets.join(tasks, tasks.c.id == sheets.c.task).join(notes, notes.c.id == tasks.c.note))
    rows = connection.execute(query.where(notes.c.id.in_(asked)).order_by(sheets.c.started_at))
    return [{"note_id": r.client_id, "annotator": r.annotator, "state": r.state, "marks": r.marks} for r in rows]


def forget(connection: Connection, erased: Sequence[str]) -> None:
    """Marks on notes that are (being) erased go; that there were some, and whose, stays."""
    its = select(tasks.c.id).where(tasks.c.note.in_(erased))
    connection.execute(update(sheets).where(sheets.c.task.in_(its)).values(marks=[], reason=None))
    connection.execute(update(tasks).where(tasks.c.note.in_(erased)).values(final=null()))
