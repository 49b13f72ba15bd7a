"""`fieldnote sandbox`: a rule pack tried on a tenant's stored notes, published, taken back."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from service.cli.options import AsJson, Tenant, Url, operator, with_engines

sandbox = typer.Typer(help="规则沙盒：先试、再发布、可退回。", no_args_is_help=True)
File = Annotated[Path, typer.Argument(help="规则包（YAML）", exists=True, dir_okay=False)]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(sandbox, name="sandbox")


@sandbox.command("try")
def attempt(
    file: File,
    tenant: Tenant,
    notes: Annotated[int, typer.Option(min=1, help="最多看最近多少条笔记")] = 1000,
    as_json: AsJson = False,
    database_url: Url = None,
) -> None:
    """在存下的笔记上试一个规则包：每个字段会新找到、丢掉、改变什么。什么也不改。自己的例子不成立时以 1 退出。"""
    from extractor.overlay import read_pack
    from service import sandbox as work
    from service.store import packs

    pack = read_pack(file.read_text(encoding="utf-8"), file.name)
    with with_engines(database_url) as (engines, database), database.read() as connection:
        ready = work.tried(engines, tenant, pack)
        total = min(notes, packs.count(connection, tenant))
        shown: dict[str, Any] = {"notes": 0, "fields": {}}
        for made in _watched(work.growing(engines, connection, tenant, pack, most=notes), total):
            shown = made.to_json()
        answer = {"digest": pack.digest, "examples": work.examples_json(ready), "effect": shown}
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False))
    else:
        _tell(answer, {name: field.title for name, field in ready.engine.contract.fields.items()})
    raise typer.Exit(1 if ready.troubles else 0)


@sandbox.command("publish")
def publish(
    file: File,
    tenant: Tenant,
    share: Annotated[float, typer.Option(min=0.001, max=1, help="给多少笔记用；小于 1 是灰度")] = 1.0,
    database_url: Url = None,
) -> None:
    """发布一个规则包：先跑它自己的例子，再按比例启用。正在跑的服务约一秒内换上。"""
    from extractor.overlay import read_pack
    from service import sandbox as work

    pack = read_pack(file.read_text(encoding="utf-8"), file.name)
    with with_engines(database_url) as (engines, database):
        work.fit(engines, tenant, pack)
        with database.write() as connection:
            version, release = work.publish(connection, operator(tenant), pack, share=share)
    typer.echo(f"版本 {version.number} 已发布（{release.share:.0%}）")


@sandbox.command("undo")
def undo(tenant: Tenant, database_url: Url = None) -> None:
    """退回一步：停掉灰度；没有灰度时回到上一个版本。"""
    from service import sandbox as work

    with with_engines(database_url) as (_, database), database.write() as connection:
        back = work.undo(connection, operator(tenant))
    typer.echo(f"已退回到 {back.ref}" if back else "已退回，现在没有规则包")


def _watched(effects: Iterator[Any], total: int) -> Iterator[Any]:
    """The effects, with a bar where a person is watching."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("试规则", total=total)
        for made in effects:
            progress.update(task, completed=made.notes)
            yield made


def _tell(answer: dict[str, Any], titles: dict[str, str]) -> None:
    for kind, word in (("failed", "例子不成立"), ("broken", "随附的例子变了")):
        for trouble in answer["examples"][kind]:
            typer.secho(f"{word}：{trouble['key']}：{trouble['cure']}", fg=typer.colors.RED, err=True)
    typer.echo(f"{answer['effect']['notes']} 条笔记；例子 {answer['examples']['count']} 个")
    for name, tally in answer["effect"]["fields"].items():
        if not tally["found"] + tally["lost"] + tally["changed"]:
            continue
        before, after = (tally["judged"][side]["precision"] for side in ("before", "after"))
        counts = f"新找到 {tally['found']}，丢掉 {tally['lost']}，改变 {tally['changed']}，不变 {tally['same']}"
        typer.echo(f"{titles.get(name, name)}：{counts}；人认可 {_share(before)} → {_share(after)}")
        for e in tally["examples"][:3]:
            readings = " → ".join(side["display"] if side else "无" for side in (e["before"], e["after"]))
            typer.echo(f"    {readings}　{e['text']!r}")


def _share(precision: float | None) -> str:
    return "未知" if precision is None else f"{precision:.0%}"
