"""Label Studio beside the service: notes go out with the engine's marks, annotations come back as whole notes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from annotation.formats import labelstudio
from annotation.records import Record, RecordError, Said
from extractor.contract import Contract
from extractor.pipeline import Engine
from extractor.types import Json, Note, Result
from extractor.validate import Problem
from service.decide import corrected_value
from service.problems import ServiceError
from service.store import audit
from service.store.annotation import take_turn
from service.store.examples import close_note, note_of
from service.store.keys import Caller


def pre_annotated(engine: Engine, row: Row[Any]) -> dict[str, Any]:
    """A task for Label Studio with a stored note and what the engine finds in it."""
    result = engine.extract(Note(row.id, row.text, datetime.fromisoformat(row.sent_at)))
    return _task(result, engine.contract.version)


def prediction(engine: Engine, text: str, sent_at: datetime) -> dict[str, Any]:
    """What Label Studio shows an annotator before they begin."""
    result = engine.extract(Note("", text, sent_at))
    (made,) = _task(result, engine.contract.version)["predictions"]
    return dict(made)


def _task(result: Result, contract: str) -> dict[str, Any]:
    note = result.note
    task = labelstudio.task(Record(note.id, note.text, _marks(result), note.sent_at.isoformat(), contract=contract))
    score = min((f.confidence for f in result.fields), default=1.0)
    task["predictions"] = [{**task["predictions"][0], "score": score, "model_version": result.bundle}]
    return task


def _marks(result: Result) -> tuple[Said, ...]:
    return tuple(Said(f.field, f.evidence, f.value, f.certain, f.basis, f.claim.status, "model") for f in result.fields)


def take_in(connection: Connection, caller: Caller, engine: Engine, task: dict[str, Any]) -> int:
    """An annotation closes its note; how many marks it has.

    Raises ServiceError 404 for a note the tenant does not have (any more), 422 for another text, words that give no
    value, or a field the contract does not know; then nothing is kept.
    """
    try:
        record = labelstudio.record_of(task)
    except RecordError as error:
        raise ServiceError(422, "labelstudio.task", str(error)) from None
    take_turn(connection, caller.tenant)
    note = note_of(connection, caller.tenant, record.id)
    if note is None:
        raise ServiceError(404, "labelstudio.note", "没有这条笔记；任务要从 /labelstudio/tasks 导出")
    if note.text != record.text:
        raise ServiceError(422, "labelstudio.text", "任务的正文和保存的笔记不同，位置对不上")
    moment = datetime.fromisoformat(note.sent_at)
    own = engine.extract(Note(note.id, note.text, moment))
    marks = [_final(engine.contract, own, mark) for mark in record.marks if mark.spans and not mark.denied]
    audit.record(connection, caller.tenant, caller.name, "annotation.import", note.id, {"marks": len(marks)})
    close_note(connection, note, marks, by=caller.name, contract=engine.contract.version)
    return len(marks)


def _final(contract: Contract, own: Result, mark: Said) -> dict[str, Any]:
    """A mark as annotation stores it: the value it has, else the engine's on these words, else what they say."""
    field = contract.fields.get(mark.field)
    if field is None:
        raise ServiceError(422, "contract.field", f"契约里没有字段 {mark.field}")
    text = own.note.text
    words = text[mark.spans[0].start : mark.spans[0].end]
    known = [f.value for f in own.fields if f.field == mark.field and any(s in mark.spans for s in f.evidence)]
    wanted: Json = mark.value if mark.value is not None else known[0] if known else words
    value = corrected_value(contract, field, wanted, own.note.sent_at)
    if isinstance(value, Problem):
        raise ServiceError(422, value.code, f"「{words}」：{value.message}")
    evidence = [{"start": s.start, "end": s.end} for s in mark.spans]
    return {"field": field.name, "evidence": evidence, "value": value, "certain": mark.certain}
