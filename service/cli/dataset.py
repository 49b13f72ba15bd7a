"""`fieldnote dataset`: labelled notes become a data set that stays as it is; two parts are checked for leaks."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

group = typer.Typer(help="数据集：去重、按客户和时间切分、查泄漏、冻结。", no_args_is_help=True)

NEAR_HELP = "三字片段相似到多少算近似重复"
ROWS = {"notes": "笔记", "complete": "标全的", "customers": "客户", "marks": "标记", "denied": "否认"}
GROUPS = {"lengths": "字数", "origins": "来源", "fields": "字段"}
SHOWN = 10


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="dataset")


@group.callback()
def about() -> None:
    """数据集：去重、按客户和时间切分、查泄漏、冻结。"""


@group.command("freeze")
def freeze(
    sources: Annotated[list[Path], typer.Argument(help="*.marked.jsonl 或 .jsonl 文件", exists=True, dir_okay=False)],
    output: Annotated[Path, typer.Option("--output", help="放数据集的文件夹")],
    test: Annotated[float, typer.Option("--test-share", "--test", help="测试部分最多占多少", min=0.01, max=0.9)] = 0.2,
    near: Annotated[float | None, typer.Option(help=NEAR_HELP, min=0.3, max=1.0)] = None,
    seed: Annotated[int, typer.Option(help="同一时刻的笔记之间怎么抽")] = 7,
) -> None:
    """同样的笔记总得到同样的字节；训练和测试之间不许有同一客户或近似的笔记。"""
    from annotation import dataset
    from annotation.dedupe import NEAR

    records, read = dataset.read(sources)
    frozen = dataset.freeze(records, dataset.Plan(test, near or NEAR, seed), _watch)
    dataset.save(frozen, output, read)
    _tell(frozen.facts)


@group.command("check")
def check(
    train: Annotated[Path, typer.Argument(help="训练部分", exists=True, dir_okay=False)],
    test: Annotated[Path, typer.Argument(help="测试部分", exists=True, dir_okay=False)],
    near: Annotated[float | None, typer.Option(help=NEAR_HELP, min=0.3, max=1.0)] = None,
) -> None:
    """两个文件之间有同一客户、重复或近似的笔记时，列出成对的笔记并以 1 退出。"""
    from annotation import dataset
    from annotation.dedupe import NEAR

    (known, _), (held, _) = (dataset.read([file]) for file in (train, test))
    dataset.refuse_leaks(known, held, near or NEAR, _watch)
    typer.echo(f"没有泄漏：训练 {len(known)} 条，测试 {len(held)} 条")


def _watch(sets: Sequence[frozenset[str]]) -> Iterable[frozenset[str]]:
    """The notes, with a bar where a person is watching."""
    from rich.console import Console
    from rich.progress import track

    return track(sets, "比较笔记", console=Console(stderr=True), disable=not sys.stderr.isatty())


def _tell(facts: dict[str, Any]) -> None:
    from rich.console import Console

    for c in facts["conflicts"][:SHOWN]:
        typer.secho(f"标法不同：{c['kept']}（留下）与 {c['dropped']}：{c['field']}", fg=typer.colors.YELLOW, err=True)
    if len(facts["conflicts"]) > SHOWN:
        typer.secho(f"……共 {len(facts['conflicts'])} 处，都在 dataset.json 里", fg=typer.colors.YELLOW, err=True)
    Console().print(_table(facts["train"], facts["test"]))
    copies, groups = facts["notes"]["copies"], facts["notes"]["groups"]
    typer.echo(f"去掉重复 {copies} 条，分成 {groups} 组（同一客户或近似的在一组）")
    typer.echo(facts["digest"])


def _table(train: dict[str, Any], test: dict[str, Any]) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table(show_edge=False, pad_edge=False)
    for title in ("", "训练", "测试"):
        table.add_column(title, justify="left" if not title else "right")
    for key, title in ROWS.items():
        table.add_row(title, str(train[key]), str(test[key]))
    for key, title in GROUPS.items():
        table.add_section()
        for name in max(train[key], test[key], key=len) | train[key] | test[key]:
            table.add_row(Text(f"{title} {name}"), *(str(part[key].get(name, 0)) for part in (train, test)))
    return table
