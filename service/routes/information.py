"""The contract for forms and clients, probes, metrics."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from extractor.contract import Contract
from extractor.kinds import KINDS
from extractor.pipeline import Engine

router = APIRouter()


@router.get("/v1/contract")
async def contract(request: Request) -> dict[str, Any]:
    """The fields, for forms and clients."""
    return contract_json(request.app.state.engine.contract)


@router.get("/health/live")
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/health/ready")
def ready(request: Request) -> dict[str, Any]:
    """Ready to extract and to store, and with which bundle."""
    engine: Engine = request.app.state.engine
    with request.app.state.database.read() as connection:
        connection.execute(text("SELECT 1"))
    return {
        "status": "ok",
        "bundle": engine.bundle,
        "contract": engine.contract.version,
        "model": engine.tagger is not None,
    }


@router.get("/metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    """Prometheus."""
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
