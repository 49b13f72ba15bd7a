"""`fieldnote dataset freeze`: labelled notes become a data set that stays as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

group = typer.Typer(help="数据集：去重、按客户和时间切分、查泄漏、冻结。", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="dataset")


@group.callback()
def about() -> None:
    """数据集：去重、按客户和时间切分、查泄漏、冻结。"""


@group.command("freeze")
def freeze(
    sources: Annotated[list[Path], typer.Argument(help="JSONL 文件", exists=True, dir_okay=False)],
    output: Annotated[Path, typer.Option("--output", help="放数据集的文件夹")],
    test: Annotated[float, typer.Option(help="测试部分最多占多少", min=0.01, max=0.9)] = 0.2,
    near: Annotated[float, typer.Option(help="相似到多少算近似重复", min=0.3, max=1.0)] = 0.8,
) -> None:
    """同样的笔记总得到同样的字节；训练和测试之间不许有同一客户或近似的笔记。"""
    from annotation import dataset
    from annotation.formats import FORMATS

    records = [r for file in sources for r in FORMATS["jsonl"].read(file.read_bytes())]
    frozen = dataset.freeze(records, dataset.Plan(test, near))
    dataset.save(frozen, output)
    copies = frozen.facts["notes"]["copies"]
    typer.echo(f"训练 {len(frozen.train)} 条，测试 {len(frozen.test)} 条，去掉重复 {copies} 条")
    typer.echo(frozen.facts["digest"])
