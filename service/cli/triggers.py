"""`fieldnote triggers`: triggers tried on past confirmations, and published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.options import AsJson, Tenant, Url, opened, operator

if TYPE_CHECKING:
    from extractor.contract import Contract

triggers = typer.Typer(help="触发器：先在历史上试，再发布。", no_args_is_help=True)
File = Annotated[Path, typer.Argument(help="触发器（YAML）", exists=True, dir_okay=False)]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(triggers, name="triggers")


@triggers.command("try")
def attempt(
    file: File,
    tenant: Tenant,
    limit: Annotated[int, typer.Option(min=1, help="最多看最近多少次确认")] = 2000,
    as_json: AsJson = False,
    database_url: Url = None,
) -> None:
    """在过去的确认上试：每个触发器会在哪些客户上响。什么也不发。"""
    from service.store.trigger_sets import past_confirmations
    from service.triggers import dry_run_json, load_triggers

    contract = _contract()
    wanted = load_triggers(file, fields=contract.fields)
    with opened(database_url) as database, database.read() as connection:
        cases = list(past_confirmations(connection, tenant, contract, most=limit))
    runs = [dry_run_json(trigger, cases) for trigger in wanted]
    if as_json:
        typer.echo(json.dumps({"confirmations": len(cases), "triggers": runs}, ensure_ascii=False))
        return
    typer.echo(f"{len(cases)} 次确认")
    for run in runs:
        typer.echo(f"{run['name']}：相关 {run['seen']} 次，会响 {run['fired']} 次，判断不了 {run['undecided']} 次")


@triggers.command("publish")
def publish(file: File, tenant: Tenant, database_url: Url = None) -> None:
    """让这些触发器从现在起对这个租户生效，取代原来的。"""
    from service.store import trigger_sets
    from service.triggers import load_triggers, triggers_json

    wanted = load_triggers(file, fields=_contract().fields)
    with opened(database_url) as database, database.write() as connection:
        made = trigger_sets.publish(connection, operator(tenant), triggers_json(wanted))
    typer.echo(f"版本 {made.version} 已生效：{len(wanted)} 个触发器")


def _contract() -> Contract:
    from extractor.contract import load_contract
    from service.settings import load_settings

    return load_contract(load_settings().contract)
