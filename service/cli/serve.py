"""`fieldnote serve`: the service, with its settings as flags or environment."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("serve")(serve)


def serve(
    host: Annotated[str, typer.Option(envvar="FIELDNOTE_HOST", help="监听地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="FIELDNOTE_PORT", help="端口")] = 8000,
    database_url: Annotated[str | None, typer.Option(help="数据库地址，默认 sqlite:///fieldnote.db")] = None,
    contract: Annotated[Path | None, typer.Option(help="契约目录")] = None,
    model: Annotated[Path | None, typer.Option(help="模型目录")] = None,
) -> None:
    """启动 HTTP 服务。"""
    import uvicorn

    from service.app import create_app
    from service.engine import warm
    from service.logs import configure
    from service.settings import load_settings

    settings = load_settings(database_url=database_url, contract=contract, model=model)
    configure(level=settings.log_level.upper())
    app = create_app(settings=settings)
    warm(app.state.engine)
    _settle()
    typer.echo(f"FieldNote 服务：http://{host}:{port}（接口文档 /docs，数据库 {app.state.database.engine.url!r}）")
    uvicorn.run(app, host=host, port=port, log_config=None, access_log=False, timeout_graceful_shutdown=20)


def _settle() -> None:
    """What lasts as long as the process is no garbage: looking through all of it stops every thread for a third of a
    second."""
    gc.collect()
    gc.freeze()
