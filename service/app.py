"""The HTTP door. Handlers translate; the engine thinks; the store remembers."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI

from extractor.pipeline import Engine
from service import problems
from service.callers import Callers
from service.channels import Bot
from service.decide import Desk
from service.engine import open_engine
from service.engines import Engines
from service.jobs import JobStarter
from service.limits import Limits, Metrics
from service.links import Links
from service.masking import Masking
from service.pages.site import install as install_pages
from service.readers import Readers
from service.routes import (
    annotation,
    channels,
    customers,
    examples,
    extractions,
    information,
    labelstudio,
    manage,
    models,
    proposals,
    reading,
    reconfirm,
    sandbox,
    triggers,
)
from service.routes import audit as audit_routes
from service.routes import settings as settings_routes
from service.routes import users as users_routes
from service.schemas import Problem
from service.settings import Settings, load_settings
from service.shadows import Shadows
from service.store.database import open_database
from service.store.packs import load_pack
from service.store.scribe import Scribe
from service.storing import Storing
from service.strategy import Strategy
from service.triggers import load_triggers
from service.wecom.api import WECOM, wecom_api
from service.worker import Worker

REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "content": {problems.MEDIA_TYPE: {}}, "description": text}
    for status, text in (
        (400, "请求体读不出"),
        (401, "没有钥匙或钥匙不对"),
        (403, "钥匙没有这个权限"),
        (404, "没有这样东西"),
        (409, "有人先决定了"),
        (413, "请求体太大"),
        (422, "内容不合格式或契约不允许"),
        (503, "太忙，稍后再试"),
    )
}


# FastAPI's own telemetry records paths (with names of customers), refused input and messages of exceptions
QUIET: Any = dict.fromkeys(("tracing", "metrics", "logs", "operation_spans", "auto_configure"), False)


def create_app(engine: Engine | None = None, settings: Settings | None = None) -> FastAPI:
    """The application over one engine and one database (the configured ones by default)."""
    settings = settings or load_settings()
    logging.getLogger("httpx").setLevel(logging.WARNING)  # its INFO lines hold whole URLs
    app = FastAPI(
        title="FieldNote",
        version="1",
        description="中文销售笔记 → CRM 字段",
        responses=REFUSALS,
        lifespan=_lifespan,
        telemetry=QUIET,
        docs_url=None,  # the page `/docs` is ours: FastAPI's own asks a CDN
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.engine = engine or open_engine(_text(settings.contract), model=_text(settings.model))
    app.state.database = open_database(settings.database_url)
    app.state.engines = Engines(app.state.engine, app.state.database, settings.registry, load_pack)
    app.state.engines.refresh()
    app.state.shadows = Shadows(app.state.engines, app.state.database)
    app.state.scribe = Scribe(app.state.database)
    app.state.callers = Callers(app.state.database, settings.key_seconds)
    contract = app.state.engine.contract
    file = contract.root / "triggers.yaml"
    app.state.strategy = Strategy(load_triggers(file, fields=contract.fields) if file.is_file() else ())
    app.state.desk = Desk(contract, app.state.strategy.on_held, app.state.engines.contract_of)
    app.state.storing = Storing(app.state.desk, app.state.shadows)
    app.state.bot = Bot(
        app.state.engines, app.state.desk, app.state.shadows, Links(settings.public_url, settings.signing_key())
    )
    app.state.wecom = wecom_api(settings)
    app.state.senders = {(settings.wecom_tenant, WECOM): app.state.wecom} if app.state.wecom else {}
    app.state.metrics = Metrics()
    problems.install(app)
    app.add_middleware(Masking)
    app.add_middleware(Limits, metrics=app.state.metrics, most=settings.max_waiting)
    for group in (
        extractions,
        customers,
        manage,
        channels,
        information,
        reading,
        reconfirm,
        annotation,
        models,
        settings_routes,
        users_routes,
        audit_routes,
        sandbox,
        proposals,
        triggers,
        examples,
        labelstudio,
    ):
        app.include_router(group.router)
    install_pages(app)
    return app


def _text(path: object) -> str | None:
    return str(path) if path else None


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """The worker runs beside the requests; at the end it finishes the delivery in hand."""
    settings: Settings = app.state.settings
    app.state.readers = Readers(os.cpu_count() or 1)
    current_default_thread_limiter().total_tokens = settings.threads
    worker = Worker(
        app.state.database, allow_private=settings.webhook_allow_private, contract=app.state.engine.contract,
        senders=app.state.senders,
    )  # fmt: skip
    if settings.worker:
        worker.start()
    starter = JobStarter(app.state.database, settings)
    if settings.worker:
        starter.start()
    app.state.engines.start(settings.release_seconds)
    app.state.shadows.start()
    yield
    if settings.worker:
        worker.stop()
    starter.stop()
    app.state.engines.stop()
    app.state.shadows.stop()
    app.state.readers.stop()
    app.state.scribe.stop()
    if app.state.wecom is not None:
        app.state.wecom.close()
    app.state.database.close()
