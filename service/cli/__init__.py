"""The command line `fieldnote`: one module per group of commands, imported when the command runs."""

from __future__ import annotations

import sys

import typer

from extractor.errors import FieldNoteError
from service.cli import (
    annotation,
    bench,
    contract,
    dataset,
    extract,
    keys,
    models,
    policy,
    releases,
    retrain,
    sandbox,
    serve,
    train,
    triggers,
    users,
)

app = typer.Typer(
    name="fieldnote",
    help="FieldNote：把中文销售笔记变成可确认的 CRM 字段。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
extract.register(app)
contract.register(app)
serve.register(app)
keys.register(app)
bench.register(app)
train.register(app)
models.register(app)
releases.register(app)
retrain.register(app)
users.register(app)
policy.register(app)
sandbox.register(app)
triggers.register(app)
annotation.register(app)
dataset.register(app)


def main() -> None:
    """Entry point. Exit codes: 0 done, 1 the input or contract is wrong, 2 usage."""
    try:
        app()
    except FieldNoteError as error:
        typer.secho(f"错误：{error}", fg=typer.colors.RED, err=True)
        sys.exit(1)
