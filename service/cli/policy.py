"""`fieldnote policy`: how a tenant's fields are written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import Tenant, Url, opened

policy = typer.Typer(help="写入方式：人确认、达到把握自动写、从不写。", no_args_is_help=True)
Folder = Annotated[Path | None, typer.Option("--contract", help="契约目录")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(policy, name="policy")


@policy.command("set")
def change(
    tenant: Tenant,
    field: Annotated[str, typer.Option(help="字段名")],
    write: Annotated[str, typer.Option(help="confirm、auto 或 never")],
    above: Annotated[float | None, typer.Option(help="auto 的把握下限，默认照契约")] = None,
    contract: Folder = None,
    database_url: Url = None,
) -> None:
    """设一个字段的写入方式，盖过契约里的。"""
    from extractor.contract import load_contract
    from service.policy import set_policy
    from service.settings import load_settings

    known = load_contract(load_settings(contract=contract).contract)
    with opened(database_url) as database, database.write() as connection:
        set_policy(connection, known, tenant, field, write, above=above)
    typer.echo(f"租户 {tenant} 的字段 {field}：{write}")


@policy.command("list")
def show(tenant: Tenant, contract: Folder = None, database_url: Url = None) -> None:
    """列出每个字段现在的写入方式。"""
    from extractor.contract import load_contract
    from service.policy import policy_of
    from service.settings import load_settings
    from service.store.tenants import settings_of

    with opened(database_url) as database, database.read() as connection:
        own = settings_of(connection, tenant)
    for field in load_contract(load_settings(contract=contract).contract).fields.values():
        found = policy_of(field, own)
        typer.echo(f"{field.name}  {found.mode}" + (f"  {found.above}" if found.mode == "auto" else ""))
