"""`fieldnote serve`."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("serve")(serve)


def serve(
    host: Annotated[str, typer.Option(envvar="FIELDNOTE_HOST", help="监听地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="FIELDNOTE_PORT", help="端口")] = 8000,
) -> None:
    """启动 HTTP 服务。"""
    import uvicorn

    typer.echo(f"FieldNote 服务：http://{host}:{port}（接口文档 /docs）")
    uvicorn.run("service.app:create_app", factory=True, host=host, port=port, log_level="warning", access_log=False)
