"""The bare stand-in of the load test: FastAPI, the same body check and model call in a pool of two, no storage."""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from models.bundle import DEFAULT
from models.tagger import OnnxTagger, load_tagger
from service.schemas import ExtractionIn


def make(tagger: OnnxTagger) -> FastAPI:
    """One route; the answer is the number of candidates."""
    app, pool = FastAPI(), ThreadPoolExecutor(2)

    @app.get("/health/ready")
    async def ready() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/v1/extractions")
    async def extract(body: ExtractionIn) -> JSONResponse:
        loop = asyncio.get_running_loop()
        found: list[Any] = await loop.run_in_executor(pool, tagger.tag, body.note.text)
        return JSONResponse({"found": len(found)})

    return app


if __name__ == "__main__":
    uvicorn.run(make(load_tagger(DEFAULT)), port=int(sys.argv[1]), log_level="warning", access_log=False)
