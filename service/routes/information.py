"""The contract for forms and clients, probes, metrics."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from extractor.contract import Contract
from extractor.kinds import KINDS
from extractor.pipeline import Engine
from service.routes.access import KEY_OPTIONAL, Maybe
from service.store import gauges

router = APIRouter()


@router.get("/v1/contract", openapi_extra=KEY_OPTIONAL)
async def contract(request: Request, caller: Maybe) -> dict[str, Any]:
    """The fields, for forms and clients: those of the caller's tenant, the shipped ones without a key."""
    state = request.app.state
    return contract_json(state.engines.contract_of(caller.tenant) if caller else state.engine.contract)


@router.get("/health/live")
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/health/ready")
def ready(request: Request) -> dict[str, Any]:
    """Ready to extract and to store, with which bundle, since when, and how much waits."""
    engine: Engine = request.app.state.engine
    with request.app.state.database.read() as connection:
        waiting = gauges.queues(connection)
    return {
        "status": "ok",
        "bundle": engine.bundle,
        "contract": engine.contract.version,
        "model": engine.tagger is not None,
        "database": request.app.state.database.engine.dialect.name,
        "worker": request.app.state.settings.worker,
        "queues": waiting,
    }


@router.get("/metrics", response_class=Response)
def metrics(request: Request) -> Response:
    """Prometheus."""
    request.app.state.metrics.look(request.app.state.database)
    return Response(generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_LATEST)


def contract_json(contract: Contract) -> dict[str, Any]:
    """The contract as clients see it: four dimensions, kind, control, JSON Schema of the value, choices."""
    return {
        "version": contract.version,
        "fields": [
            {
                "name": f.name, "title": f.title, "kind": f.kind, "many": f.many, "definition": f.definition,
                "capture": {"note": f.capture.note, "ask": f.capture.ask, "write": f.capture.write},
                "validation": f.validation.note, "correction": f.correction.note, "threshold": f.threshold,
                "values": [{"value": v, "meaning": m} for v, m in f.values.items()],
                "control": KINDS[f.kind].control, "schema": KINDS[f.kind].schema,
                "examples": [e.text for e in f.examples if e.expect],
            }
            for f in contract.fields.values()
        ],
    }  # fmt: skip
