"""`fieldnote releases start | stop | list`: which version serves whom, in all running servers of a database."""

from __future__ import annotations

from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from service.cli.options import Url, opened, with_engines

group = typer.Typer(help="发布：哪个模型版本给谁用。正在跑的服务约一秒内换上。", no_args_is_help=True)
Whose = Annotated[str | None, typer.Option("--tenant", help="只给这个租户；不写就是所有没有自己发布的租户")]
ALL = "所有租户"
How = Annotated[
    Literal["live", "canary", "shadow"], typer.Option("--mode", help="live 全部用；canary 一部分用；shadow 只跑不显示")
]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="releases")


@group.command("list")
def listing(tenant: Whose = None, database_url: Url = None) -> None:
    """列出正在用的和用过的，最新的在前。"""
    from service.store import releases

    table = Table("租户", "种类", "版本", "方式", "比例", "谁", "开始", "结束")
    with opened(database_url) as database, database.read() as connection:
        for r in releases.releases_of(connection, tenant):
            ended = f"{r.ended_at:%Y-%m-%d %H:%M}" if r.ended_at else ""
            row = (r.tenant or ALL, r.kind, r.ref, r.mode, f"{r.share:.0%}", r.by)
            table.add_row(*row, f"{r.created_at:%Y-%m-%d %H:%M}", ended)
    Console().print(table)


@group.command("start")
def start(
    version: str,
    tenant: Whose = None,
    mode: How = "live",
    share: Annotated[float, typer.Option(min=0.001, max=1, help="canary 占多少笔记")] = 1.0,
    database_url: Url = None,
) -> None:
    """让一个模型版本开始服务；全部用之前要过闸门。"""
    from service.releases import release_model

    with with_engines(database_url) as (engines, database), database.write() as connection:
        made = release_model(engines, connection, tenant, version, mode, by="cli", share=share)
    typer.echo(f"{made.ref} 已给{tenant or ALL}用上（{made.mode}，{made.share:.0%}）")


@group.command("stop")
def stop(tenant: Whose = None, mode: How = "live", database_url: Url = None) -> None:
    """停掉一个试用；live 是退回上一个版本。"""
    from service.store import releases

    with opened(database_url) as database, database.write() as connection:
        if mode == "live":
            back = releases.rollback(connection, tenant, "model", by="cli")
            told = f"已退回到 {back.ref}" if back else "已退回到设置里的模型"
        else:
            told = f"{releases.end(connection, tenant, 'model', mode, by='cli').ref} 已停"
    typer.echo(f"{tenant or ALL}：{told}")
