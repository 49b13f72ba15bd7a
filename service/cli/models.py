"""`fieldnote models list | show | add | promote | rollback | compare`: versions of the model on this machine."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from models.registry import Registry, changes

group = typer.Typer(help="模型版本：列出、查看、上线、回退、比较。", no_args_is_help=True)
Root = Annotated[Path, typer.Option("--registry", envvar="FIELDNOTE_REGISTRY", help="版本目录")]
DEFAULT = Path("artifacts/models")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="models")


@group.command("list")
def list_versions(registry: Root = DEFAULT) -> None:
    """列出所有版本与得分，* 是正在用的。"""
    store = Registry(registry)
    table = Table("", "版本", "摘要", "F1", "精确率", "召回率")
    for bundle in store.versions():
        micro = bundle.manifest.scores.get("micro", {})
        figures = [f"{micro[k]:.3f}" if k in micro else "–" for k in ("f1", "p", "r")]
        table.add_row(
            "*" if bundle.manifest.name == store.current else "", bundle.manifest.name, bundle.digest, *figures
        )
    Console().print(table)


@group.command("show")
def show(version: str, registry: Root = DEFAULT) -> None:
    """打印一个版本的清单：怎么做的、得分、文件摘要。"""
    typer.echo(json.dumps(asdict(Registry(registry).get(version).manifest), ensure_ascii=False, indent=1))


@group.command("add")
def add(folder: Path, registry: Root = DEFAULT) -> None:
    """把一个封存好的模型目录收进来。"""
    bundle = Registry(registry).add(folder)
    typer.echo(f"{bundle.manifest.name} {bundle.digest}")


@group.command("promote")
def promote(
    version: str,
    registry: Root = DEFAULT,
    tolerance: Annotated[float, typer.Option(help="任何字段最多可以退步多少 F1 分")] = 4.0,
) -> None:
    """让一个版本上线；有字段退步太多就拒绝。"""
    for line in Registry(registry).promote(version, tolerance=tolerance):
        typer.echo(line)
    typer.echo(f"{version} 已上线")


@group.command("rollback")
def rollback(registry: Root = DEFAULT) -> None:
    """退回上一个版本。"""
    typer.echo(f"{Registry(registry).rollback()} 已上线")


@group.command("compare")
def compare(a: str, b: str, registry: Root = DEFAULT) -> None:
    """两个版本每个字段的 F1。"""
    store = Registry(registry)
    for line in changes(store.get(a).manifest.scores, store.get(b).manifest.scores):
        typer.echo(line)
