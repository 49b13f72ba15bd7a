"""The HTTP door. Handlers translate; the engine thinks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from extractor.contract import Contract
from extractor.kinds import KINDS
from extractor.pipeline import Engine
from extractor.render import result_json
from extractor.types import Result
from service import problems
from service.engine import open_engine
from service.limits import Limits, Metrics
from service.schemas import BatchIn, ExtractionIn, ExtractionOut, NoteIn, Problem

REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "content": {problems.MEDIA_TYPE: {}}, "description": text}
    for status, text in ((400, "请求体读不出"), (413, "请求体太大"), (422, "内容不合格式"))
}


def create_app(engine: Engine | None = None) -> FastAPI:
    """The application over one engine (the configured one by default)."""
    app = FastAPI(title="FieldNote", version="1", description="中文销售笔记 → CRM 字段", responses=REFUSALS)
    app.state.engine = engine or open_engine()
    app.state.metrics = Metrics()
    problems.install(app)
    app.add_middleware(Limits, metrics=app.state.metrics)
    _extractions(app)
    _information(app)
    return app


def _extractions(app: FastAPI) -> None:
    metrics: Metrics = app.state.metrics

    def answer(result: Result, explain: bool) -> dict[str, Any]:
        for extraction in result.fields:
            metrics.fields.labels(extraction.field, extraction.basis).inc()
        return result_json(result, explain=explain)

    @app.post("/v1/extractions", response_model=ExtractionOut)
    async def extract(request: Request, body: ExtractionIn, explain: bool = False) -> Response:
        """Fields of one note."""
        engine: Engine = request.app.state.engine
        return JSONResponse(answer(await run_in_threadpool(engine.extract, body.note.to_note()), explain))

    @app.post("/v1/extractions/batch")
    async def extract_batch(request: Request, body: BatchIn, explain: bool = False) -> Response:
        """Per note its fields, or the problem with it."""
        engine: Engine = request.app.state.engine
        return JSONResponse({"results": await run_in_threadpool(_batch, engine, body.notes, answer, explain)})


def _batch(engine: Engine, items: list[Any], answer: Any, explain: bool) -> list[dict[str, Any]]:
    notes = [_note(item) for item in items]
    results = engine.extract_many([n.to_note() for n in notes if isinstance(n, NoteIn)])
    return list(_merge(notes, (answer(r, explain) for r in results)))


def _merge(notes: list[NoteIn | dict[str, Any]], results: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for note in notes:
        yield next(results) if isinstance(note, NoteIn) else note


def _note(item: Any) -> NoteIn | dict[str, Any]:
    try:
        return NoteIn.model_validate(item)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        place = "/".join(map(str, first["loc"])) or "note"
        name = item.get("id") if isinstance(item, dict) else None
        return {"id": name, "error": {"code": "note.invalid", "message": f"{place}：{first['msg']}"}}


def _information(app: FastAPI) -> None:
    @app.get("/v1/contract")
    async def contract(request: Request) -> dict[str, Any]:
        """The fields, for forms and clients."""
        return contract_json(request.app.state.engine.contract)

    @app.get("/health/live")
    async def live() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @app.get("/health/ready")
    async def ready(request: Request) -> dict[str, Any]:
        """Ready to extract, and with which bundle."""
        engine: Engine = request.app.state.engine
        return {
            "status": "ok",
            "bundle": engine.bundle,
            "contract": engine.contract.version,
            "model": engine.tagger is not None,
        }

    @app.get("/metrics", response_class=Response)
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
