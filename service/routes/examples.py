"""`/v1/examples`: what people said of notes, as labelled notes in any of the formats."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from annotation.formats import FORMATS
from annotation.records import Record
from extractor.types import Json
from service.masking import conceal, hide, sees_phones
from service.routes.access import Manager
from service.store import audit
from service.store.database import now
from service.store.examples import examples
from service.watermark import stamp

router = APIRouter(prefix="/v1/examples")
As = Annotated[Literal["jsonl", "doccano", "labelstudio", "conll"], Query(alias="format")]


@router.get("", response_class=Response, responses={200: {"content": {"application/octet-stream": {}}}})
def export(request: Request, caller: Manager, wanted: As = "jsonl") -> Response:
    """All examples of the tenant; JSON lines carry the mark of who took them as their first line."""
    with request.app.state.database.write() as connection:
        found = examples(connection, caller.tenant)
        records = list(found if sees_phones(caller) else map(_masked, found))
        details: dict[str, Json] = {"notes": len(records), "format": wanted}
        audit.record(connection, caller.tenant, caller.name, "examples.export", caller.tenant, details)
    body = FORMATS[wanted].write(records)
    if wanted == "jsonl":
        key = request.app.state.settings.signing_key()
        body = stamp(body.decode(), "jsonl", caller.name, now(), caller.tenant, key).encode()
    return Response(body, media_type="application/octet-stream")


def _masked(record: Record) -> Record:
    """Places and counts stay, only the middle of phone numbers goes."""
    marks = tuple(replace(mark, value=conceal(mark.value)) for mark in record.marks)
    return replace(record, text=hide(record.text), marks=marks)
