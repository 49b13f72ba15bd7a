"""`fieldnote train CONFIG`: make a model bundle from one config and a seed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from extractor.errors import FieldNoteError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("train")(train)


def train(
    config: Annotated[Path, typer.Argument(help="训练配置，例如 models/configs/default.yaml")],
    weights_only: Annotated[
        bool, typer.Option("--weights-only", help="只做到权重；再跑一遍不带它，就从导出做起")
    ] = False,
) -> None:
    """预训练 → 微调 → 导出 int8 → 校准 → 评分 → 封存 → 登记。停下来再跑会接着做；规则改了再跑，只重新校准、封存。"""
    try:
        from models.train.config import load_config
        from models.train.run import learn
        from models.train.run import train as run
    except ModuleNotFoundError as error:
        raise FieldNoteError(f"训练需要 {error.name}；请装 pip install 'fieldnote[train]'") from None
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, disable=not typer.get_text_stream("stderr").isatty()) as bars:
        tasks: dict[str, int] = {}

        def show(stage: str, step: int, total: int, figures: dict[str, float]) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            text = " ".join(f"{name} {value:.3f}" for name, value in figures.items())
            bars.update(tasks[stage], completed=step, description=f"{stage} {text}")  # type: ignore[arg-type]

        if weights_only:
            typer.echo(f"{learn(load_config(config), progress=show)}")
            return
        manifest = run(load_config(config), progress=show)
    micro = manifest.scores["micro"]
    typer.echo(f"{manifest.name}：P {micro['p']:.3f} R {micro['r']:.3f} F1 {micro['f1']:.3f}")
