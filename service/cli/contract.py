"""`fieldnote check`, `fieldnote schema` and `fieldnote fields`: the data contract from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from extractor.contract import json_schema, load_contract

Root = Annotated[Path | None, typer.Option("--contract", help="契约目录，默认用随附的 rules/")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("check")(check)
    app.command("schema")(schema)
    app.command("fields")(fields)


def check(contract: Root = None) -> None:
    """检查契约、规则与例子；有错时逐条说明文件、键与改法。"""
    from extractor.check import check as run

    loaded = load_contract(contract)
    troubles = run(loaded)
    for trouble in troubles:
        typer.secho(str(trouble), fg=typer.colors.RED, err=True)
    examples = sum(len(f.examples) for f in loaded.fields.values())
    gaps = sum(bool(e.todo) for f in loaded.fields.values() for e in f.examples)
    rules = sum(len(f.rules) for f in loaded.fields.values())
    typer.echo(
        f"契约 {loaded.version}：{len(loaded.fields)} 个字段，{rules} 条规则，{examples} 个例子（{gaps} 个已知缺口）"
    )
    raise typer.Exit(1 if troubles else 0)


def schema() -> None:
    """打印字段文件的 JSON Schema，供编辑器补全与校验。"""
    typer.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))


def fields(contract: Root = None) -> None:
    """打印字段一览（Markdown），docs/fields.md 由它生成。"""
    from extractor.docs import fields_page

    typer.echo(fields_page(load_contract(contract)), nl=False)
