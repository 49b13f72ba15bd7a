"""Typed words understood at once: what a form shows beside what somebody writes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, StringConstraints

from extractor.kinds import KINDS
from extractor.validate import Problem
from service.decide import corrected_value
from service.problems import ServiceError
from service.routes.access import Anyone
from service.schemas import Time

router = APIRouter(prefix="/v1/fields")


class WordsIn(BaseModel):
    """Words of a rep (「下周四」「四十来万」), read against `sent_at`."""

    model_config = ConfigDict(extra="forbid")
    words: Annotated[str, StringConstraints(min_length=1, max_length=400)]
    sent_at: Time


@router.post("/{field}/read")
def read(request: Request, field: Annotated[str, Path(max_length=64)], body: WordsIn, caller: Anyone) -> dict[str, Any]:
    """`{"value", "display"}` as a correction with these words would store it; nothing is kept. 422 as there."""
    contract = request.app.state.engines.contract_of(caller.tenant)
    found = contract.fields.get(field)
    if found is None:
        raise ServiceError(404, "contract.field", f"契约里没有字段 {field}")
    value = corrected_value(contract, found, body.words, body.sent_at)
    if isinstance(value, Problem):
        raise ServiceError(422, value.code, value.message)
    return {"value": value, "display": KINDS[found.kind].display(value)}
