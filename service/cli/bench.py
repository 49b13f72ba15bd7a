"""`fieldnote bench accuracy | speed`: measurements of a source checkout, saved under benchmarks/results/."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from extractor.errors import FieldNoteError
from service.engine import open_engine

group = typer.Typer(help="测准确率与速度，结果写入 benchmarks/results/。", no_args_is_help=True)
Folder = Annotated[Path | None, typer.Option("--eval", help="评测目录（含 goldnotes.py）；默认 FIELDNOTE_EVAL")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="bench")


@group.command("accuracy")
def accuracy(
    eval: Folder = None,
    model: Annotated[bool, typer.Option("--model", help="规则加模型；只在没有用来校准的那一半上测")] = False,
) -> None:
    """开发集上每个字段的精确率、召回率、F1。"""
    name = "accuracy" if model else "accuracy-rules"
    figures = _benchmarks("accuracy").run(open_engine(use_model=model), folder=eval, name=name)
    typer.echo(json.dumps(figures, ensure_ascii=False, indent=1))


@group.command("speed")
def speed(eval: Folder = None) -> None:
    """每条笔记的耗时，与同一次运行里的 JioNLP 相比；启动与内存。"""
    figures = _benchmarks("speed").run(open_engine(use_model=False), folder=eval)
    typer.echo(json.dumps(figures, ensure_ascii=False, indent=1))


def _benchmarks(name: str) -> Any:
    import importlib
    import sys

    sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(f"benchmarks.{name}")
    except ModuleNotFoundError as error:
        raise FieldNoteError(f"找不到 {error.name}；bench 要在源码目录里、装好 dev 依赖后运行") from None
