"""`fieldnote keys create` and `fieldnote audit verify`: what an operator does beside the service."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from extractor.errors import FieldNoteError
from service.cli.options import Tenant, Url, opened, operator

keys = typer.Typer(help="API 钥匙：新建、列出、停用。", no_args_is_help=True)
audit = typer.Typer(help="审计：校验链条。", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add both groups."""
    app.add_typer(keys, name="keys")
    app.add_typer(audit, name="audit")


@keys.command("create")
def create(
    tenant: Annotated[str, typer.Option(help="租户；没有就建一个")],
    scopes: Annotated[str, typer.Option(help="权限，逗号分隔：extract,confirm,annotate,manage,admin")],
    name: Annotated[str, typer.Option(help="给人看的名字")] = "",
    days: Annotated[int | None, typer.Option(help="多少天后过期", min=1)] = None,
    database_url: Url = None,
) -> None:
    """新建一把钥匙；只在最后一行显示这一次。"""
    from service.store.database import now
    from service.store.keys import create_key

    wanted = [s.strip() for s in scopes.split(",") if s.strip()]
    expires = now() + timedelta(days=days) if days else None
    with opened(database_url) as database, database.write() as connection:
        key = create_key(connection, tenant, wanted, name=name, expires_at=expires)
    typer.echo(f"租户 {tenant}，权限 {'、'.join(wanted)}。请现在记下，以后不再显示：", err=True)
    typer.echo(key)


@keys.command("list")
def list_keys(tenant: Tenant, database_url: Url = None) -> None:
    """列出一个租户的钥匙（不显示钥匙本身）。"""
    from service.store.database import now
    from service.store.keys import keys_of

    with opened(database_url) as database, database.read() as connection:
        for row in keys_of(connection, tenant):
            until = f"{row.expires_at:%Y-%m-%d %H:%M} UTC" if row.expires_at else ""
            past = bool(row.expires_at and row.expires_at <= now())
            state = "停用" if row.revoked_at else f"已过期 {until}" if past else f"有效至 {until}" if until else "有效"
            typer.echo(f"{row.id}  {row.name}  {','.join(row.scopes)}  {state}")


@keys.command("rotate")
def rotate(
    key_id: str,
    tenant: Tenant,
    hours: Annotated[int, typer.Option(help="旧钥匙还能用多少小时", min=0, max=24 * 90)] = 24,
    database_url: Url = None,
) -> None:
    """换一把：同样的名字、权限与期限；旧的过了这些小时就失效。新的只在最后一行显示这一次。"""
    from service.store.keys import rotate as renew

    with opened(database_url) as database, database.write() as connection:
        key = renew(connection, operator(tenant, "admin"), key_id, grace=timedelta(hours=hours))
    typer.echo(f"旧钥匙 {key_id} 还能用 {hours} 小时。请现在记下新的，以后不再显示：", err=True)
    typer.echo(key)


@keys.command("revoke")
def revoke(key_id: str, tenant: Tenant, database_url: Url = None) -> None:
    """停用一把钥匙。"""
    from service.store.keys import revoke as stop

    with opened(database_url) as database, database.write() as connection:
        stop(connection, operator(tenant, "admin"), key_id)
    typer.echo(f"{key_id} 已停用")


@audit.command("verify")
def verify(database_url: Url = None) -> None:
    """校验每个租户的审计链；有改动、删除、调换就逐条指出，并以 1 退出。"""
    from service.store.audit import verify as breaks

    with opened(database_url) as database, database.read() as connection:
        found = list(breaks(connection))
    for broken in found:
        typer.secho(f"租户 {broken.tenant} 第 {broken.seq} 条：{broken.what}", fg=typer.colors.RED, err=True)
    if found:
        raise FieldNoteError(f"审计链有 {len(found)} 处不符")
    typer.echo("审计链完好")


@audit.command("trace")
def trace(file: Annotated[Path, typer.Argument(help="导出的文件（jsonl 或 csv）")]) -> None:
    """读回导出文件的水印：谁、什么时候、哪个租户；水印被改过就以 1 退出。"""
    from service.settings import load_settings
    from service.watermark import read_watermark

    mark = read_watermark(file, load_settings().signing_key())
    if mark is None:
        raise FieldNoteError(f"{file} 里没有水印")
    typer.echo(f"{mark.who}，租户 {mark.tenant}，{mark.at.isoformat()}{'' if mark.intact else '（内容被改过）'}")
