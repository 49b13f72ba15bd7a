"""`fieldnote users`: who may sign in to the pages."""

from __future__ import annotations

import secrets
from typing import Annotated

import typer

from service.cli.options import Tenant, Url, opened

users = typer.Typer(help="用户：新建、列出、停用。", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(users, name="users")


@users.command("create")
def create(
    tenant: Tenant,
    name: Annotated[str, typer.Option(help="登录名；企业微信用户就用其 UserID")],
    role: Annotated[str, typer.Option(help="rep 销售、manager 主管、annotator 标注员、admin 管理员")] = "rep",
    password: Annotated[str | None, typer.Option(envvar="FIELDNOTE_PASSWORD", help="密码；不给就生成一个")] = None,
    database_url: Url = None,
) -> None:
    """新建一个用户；密码由程序生成时，只在最后一行显示这一次。"""
    from service.accounts import create_user

    chosen = password or secrets.token_urlsafe(15)
    with opened(database_url) as database, database.write() as connection:
        create_user(connection, tenant, name, role, chosen)
    typer.echo(f"租户 {tenant} 的用户 {name}（{role}）已建立", err=True)
    if password is None:
        typer.echo(chosen)


@users.command("list")
def list_users(tenant: Tenant, database_url: Url = None) -> None:
    """列出一个租户的用户。"""
    from service.store.users import DISABLED, all_of

    with opened(database_url) as database, database.read() as connection:
        for user in all_of(connection, tenant):
            typer.echo(f"{user.name}  {user.role}  {'停用' if user.password == DISABLED else '有效'}")


@users.command("disable")
def disable(name: str, tenant: Tenant, database_url: Url = None) -> None:
    """停用一个用户，其会话随即失效。"""
    from service.problems import ServiceError
    from service.store.users import DISABLED, find, set_password

    with opened(database_url) as database, database.write() as connection:
        user = find(connection, tenant, name)
        if user is None:
            raise ServiceError(404, "user.not_found", f"租户 {tenant} 没有用户 {name}")
        set_password(connection, user, DISABLED, by="cli")
    typer.echo(f"{name} 已停用")
