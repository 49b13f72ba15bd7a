"""Figures of annotation: how far, how fast, and the pairs that agreement is reckoned from."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import Connection, func, select

from annotation.marking import Marking, marking_from
from service.store.annotation_tables import annotation_sheets as sheets
from service.store.annotation_tables import annotation_tasks as tasks

STATES = ("open", "marked", "disputed", "closed", "skipped")


def progress(connection: Connection, tenant: str) -> dict[str, Any]:
    """`{"states": {state: n}, "strategies": {strategy: n}, "annotators": [{…}]}`, the busiest first."""
    states = dict.fromkeys(STATES, 0) | _counts(connection, tenant, "state")
    return {
        "states": states,
        "strategies": _counts(connection, tenant, "strategy"),
        "annotators": _annotators(connection, tenant),
    }


def _counts(connection: Connection, tenant: str, column: str) -> dict[str, int]:
    which = tasks.c[column]
    query = select(which, func.count()).where(tasks.c.tenant == tenant).group_by(which)
    return {row[0]: row[1] for row in connection.execute(query)}


def _annotators(connection: Connection, tenant: str) -> list[dict[str, Any]]:
    query = select(
        sheets.c.annotator, sheets.c.state, func.count().label("notes"), func.sum(sheets.c.active).label("seconds")
    ).where(sheets.c.tenant == tenant, sheets.c.state.in_(("done", "skipped")))
    people: dict[str, dict[str, Any]] = {}
    for row in connection.execute(query.group_by(sheets.c.annotator, sheets.c.state)):
        person = people.setdefault(row.annotator, {"annotator": row.annotator, "done": 0, "skipped": 0})
        person[row.state] = row.notes
        if row.state == "done":
            person["seconds_per_note"] = round(row.seconds / row.notes, 1)
            person["notes_per_hour"] = round(3600 * row.notes / row.seconds) if row.seconds > 0 else None
    return sorted(people.values(), key=lambda p: (-p["done"], p["annotator"]))


def pairs(connection: Connection, tenant: str) -> list[tuple[list[Marking], list[Marking]]]:
    """Both people's marks of every note that two have marked."""
    query = select(sheets.c.task, sheets.c.marks).join(tasks, tasks.c.id == sheets.c.task)
    both = query.where(sheets.c.tenant == tenant, sheets.c.state == "done", tasks.c.double)
    by_task: dict[str, list[list[Marking]]] = defaultdict(list)
    for row in connection.execute(both.order_by(sheets.c.task, sheets.c.started_at, sheets.c.id)):
        by_task[row.task].append([marking_from(m) for m in row.marks])
    return [(found[0], found[1]) for found in by_task.values() if len(found) == 2]
