"""Rule packs of a tenant, each version kept for good; and the history they are tried against."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from annotation.proposals import Observation
from annotation.sandbox import Stored, Truth
from extractor.overlay import Pack, pack_json, pack_of
from extractor.types import Note
from service.problems import ServiceError
from service.store import audit
from service.store.annotation_tables import annotation_tasks as tasks
from service.store.database import new_id, now
from service.store.keys import Caller
from service.store.release_tables import learned, packs
from service.store.tables import decisions, extractions, notes, suggestions

DECIDED = ("confirmed", "corrected", "rejected")
Place = tuple[datetime, str]


@dataclass(frozen=True, slots=True)
class Version:
    """One pack of a tenant; `number` counts from 1, `parent` is the version it was made from."""

    id: str
    number: int
    parent: str | None
    pack: Pack
    by: str
    created_at: datetime


def keep(connection: Connection, caller: Caller, pack: Pack, *, parent: str | None = None) -> Version:
    """A new version; the tenant's newest again where that says the same."""
    newest = _newest(connection, caller.tenant)
    if newest is not None and newest.pack == pack:
        return newest
    made = new_id()
    # the audit entry first: it takes the tenant's lock, so that two versions made at once get two numbers
    audit.record(connection, caller.tenant, caller.name, "pack.create", made, {"digest": pack.digest})
    newest = _newest(connection, caller.tenant)
    number = newest.number + 1 if newest else 1
    version = Version(made, number, parent or (newest.id if newest else None), pack, caller.name, now())
    connection.execute(
        insert(packs).values(
            id=made, tenant=caller.tenant, version=number, parent=version.parent, data=pack_json(pack),
            digest=pack.digest, note=pack.note[:200], by=caller.name, created_at=version.created_at,
        )
    )  # fmt: skip
    return version


def _newest(connection: Connection, tenant: str) -> Version | None:
    return next(iter(versions(connection, tenant, limit=1)), None)


def versions(connection: Connection, tenant: str, *, limit: int = 200) -> list[Version]:
    """A tenant's packs, newest first."""
    query = select(packs).where(packs.c.tenant == tenant).order_by(packs.c.version.desc()).limit(limit)
    return [_version(row) for row in connection.execute(query)]


def get(connection: Connection, tenant: str, ref: str) -> Version:
    """Raises ServiceError 404 where the tenant has no pack of that id."""
    row = connection.execute(select(packs).where(packs.c.tenant == tenant, packs.c.id == ref)).first()
    if row is None:
        raise ServiceError(404, "pack.not_found", "没有这个规则包版本")
    return _version(row)


def load_pack(connection: Connection, ref: str) -> Pack:
    """A pack by its id alone, for the engines of releases. Raises ServiceError 404."""
    row = connection.execute(select(packs.c.data).where(packs.c.id == ref)).first()
    if row is None:
        raise ServiceError(404, "pack.not_found", f"没有规则包 {ref}")
    return pack_of(row.data, ref)


def _version(row: Row[Any]) -> Version:
    return Version(row.id, row.version, row.parent, pack_of(row.data, row.id), row.by, row.created_at)


def history(
    connection: Connection, tenant: str, *, limit: int, before: Place | None = None
) -> tuple[list[Stored], Place | None]:
    """The newest notes (from behind `before`) with what people decided on them, and where the next ones begin."""
    query = select(notes).where(notes.c.tenant == tenant, notes.c.text.is_not(None))
    if before:
        moment, last = before
        same = (notes.c.created_at == moment) & (notes.c.id < last)
        query = query.where((notes.c.created_at < moment) | same)
    rows = connection.execute(query.order_by(notes.c.created_at.desc(), notes.c.id.desc()).limit(limit + 1)).all()
    page = rows[:limit]
    ids = [row.id for row in page]
    truths, closed = _truths(connection, ids), _closed_truths(connection, ids)
    stored = [Stored(_note(r), tuple(closed.get(r.id, truths.get(r.id, ()))), r.id in closed) for r in page]
    return stored, (page[-1].created_at, page[-1].id) if len(rows) > limit else None


def count(connection: Connection, tenant: str) -> int:
    """Notes that a pack can be tried on."""
    query = select(func.count()).select_from(notes).where(notes.c.tenant == tenant, notes.c.text.is_not(None))
    return int(connection.execute(query).scalar() or 0)


def _note(row: Row[Any]) -> Note:
    sent = datetime.fromisoformat(row.sent_at)
    return Note(row.client_id or row.id, row.text, sent, row.author, row.customer, row.channel)


def _truths(connection: Connection, wanted: Sequence[str]) -> dict[str, list[Truth]]:
    found: dict[str, list[Truth]] = defaultdict(list)
    for row in _decided(connection, extractions.c.note.in_(wanted)):
        suggested = row.data["value"]
        if row.action == "confirm":
            found[row.note].append(Truth(row.field, suggested, True))
            continue
        if row.action == "correct":
            found[row.note].append(Truth(row.field, row.value, True))
        if suggested != row.value:
            found[row.note].append(Truth(row.field, suggested, False))
    return found


def _closed_truths(connection: Connection, wanted: Sequence[str]) -> dict[str, list[Truth]]:
    """What annotators say of notes that they closed: all there is in them."""
    closed = tasks.c.note.in_(wanted) & (tasks.c.state == "closed")
    rows = connection.execute(select(tasks.c.note, tasks.c.final).where(closed))
    return {row.note: [Truth(m["field"], m["value"], True) for m in row.final] for row in rows if row.final is not None}


def _decided(connection: Connection, where: Any, limit: int | None = None) -> list[Row[Any]]:
    """The decision that stands for each suggestion people decided, latest decisions first."""
    query = (
        select(
            decisions.c.id, decisions.c.action, decisions.c.value, decisions.c.evidence, decisions.c.by,
            suggestions.c.id.label("suggestion"), suggestions.c.field, suggestions.c.data, extractions.c.note,
        )
        .join(suggestions, suggestions.c.id == decisions.c.suggestion)
        .join(extractions, extractions.c.id == suggestions.c.extraction)
        .where(where, suggestions.c.state.in_(DECIDED), decisions.c.action != "undo")
        .where(decisions.c.by.not_like("policy:%"))
        .order_by(decisions.c.at.desc(), decisions.c.id.desc())
        .limit(limit)
    )  # fmt: skip
    latest: dict[str, Any] = {}
    for row in connection.execute(query):
        latest[row.suggestion] = latest.get(row.suggestion, row)
    return list(latest.values())


def observations(connection: Connection, tenant: str, *, most: int = 5000) -> list[Observation]:
    """What people decided or annotators marked, latest first, with the words it was about; inferred values are about
    none. `suggested` of a mark is what the engine had read in the same words, None where it had seen nothing."""
    rows = _decided(connection, suggestions.c.tenant == tenant, most)
    known = texts(connection, sorted({row.note for row in rows}))
    made = []
    for row in rows:
        evidence, text = row.evidence or row.data["evidence"], known.get(row.note)
        if text is None or not evidence or row.data["basis"] != "stated":
            continue
        suggested = row.data["value"]
        final = {"confirm": suggested, "correct": row.value}.get(row.action)
        made.append(Observation(row.note, row.field, _words(text, evidence), suggested, final, row.by, row.id))
    return made + _marked(connection, tenant, most)


def _marked(connection: Connection, tenant: str, most: int) -> list[Observation]:
    closed = (tasks.c.tenant == tenant) & (tasks.c.state == "closed")
    query = select(tasks).where(closed).order_by(tasks.c.closed_at.desc(), tasks.c.id).limit(most)
    rows = [row for row in connection.execute(query) if row.final]
    ids = [row.note for row in rows]
    known, read = texts(connection, ids), _suggested(connection, ids)
    return [
        Observation(
            row.note, mark["field"], _words(text, mark["evidence"]), _met(mark, read.get(row.note, ())),
            mark["value"], row.closed_by or "", row.id,
        )
        for row in rows if (text := known.get(row.note)) is not None
        for mark in row.final if mark["evidence"]
    ]  # fmt: skip


def _suggested(connection: Connection, ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for some in _some(ids):
        query = select(extractions.c.note, suggestions.c.data).join(
            extractions, extractions.c.id == suggestions.c.extraction
        )
        for row in connection.execute(query.where(extractions.c.note.in_(some))):
            found[row.note].append(row.data)
    return found


def _met(mark: dict[str, Any], read: Sequence[dict[str, Any]]) -> Any:
    """The value that the engine had suggested for the same field in the same words."""
    spans = [(e["start"], e["end"]) for e in mark["evidence"]]
    for data in read:
        touching = any(e["start"] < b and a < e["end"] for e in data["evidence"] for a, b in spans)
        if data["field"] == mark["field"] and touching:
            return data["value"]
    return None


def texts(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    """The texts of notes by id; erased ones are not there."""
    found: dict[str, str] = {}
    for some in _some(ids):
        rows = connection.execute(select(notes.c.id, notes.c.text).where(notes.c.id.in_(some)))
        found.update((row.id, row.text) for row in rows if row.text is not None)
    return found


def _some(ids: Sequence[str], size: int = 500) -> Iterator[Sequence[str]]:
    return (ids[n : n + size] for n in range(0, len(ids), size))


def _words(text: str, evidence: Sequence[dict[str, int]]) -> str:
    return text[evidence[0]["start"] : evidence[0]["end"]]


def answered(connection: Connection, tenant: str) -> dict[str, str]:
    """Proposals that a manager accepted or dismissed: key → state."""
    query = select(learned.c.key, learned.c.state).where(learned.c.tenant == tenant)
    return {row.key: row.state for row in connection.execute(query)}


def answer(connection: Connection, caller: Caller, key: str, state: str) -> None:
    """Remember the answer. Raises ServiceError 409 where somebody answered already."""
    audit.record(connection, caller.tenant, caller.name, f"proposal.{state}", key)
    if key in answered(connection, caller.tenant):
        raise ServiceError(409, "proposal.answered", "这条建议已经有人处理了")
    values = {"id": new_id(), "tenant": caller.tenant, "key": key, "state": state, "by": caller.name}
    connection.execute(insert(learned).values(**values, at=now()))


def learned_in(connection: Connection, tenant: str, key: str, pack: str) -> None:
    """Which version an accepted proposal went into."""
    mine = (learned.c.tenant == tenant) & (learned.c.key == key)
    connection.execute(update(learned).where(mine).values(pack=pack))
