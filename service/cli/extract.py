"""`fieldnote extract` and `fieldnote values`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from service.records import BadLine, note_from, parse_time, read_lines, write_records

SentAt = Annotated[str | None, typer.Option(help="笔记的发送时间（ISO 8601，带时区）；相对时间按它换算")]
Input = Annotated[Path | None, typer.Option("--input", exists=True, dir_okay=False, help="一行一条的 JSONL")]
Output = Annotated[
    Path | None, typer.Option("--output", dir_okay=False, help="写到 .jsonl / .csv / .parquet；不写则打印")
]
CHUNK = 256  # notes handed to the engine at once: enough for length-sorted batches, little to hold in memory


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("extract")(extract)
    app.command("values")(values)


def extract(
    text: Annotated[str | None, typer.Argument(help="一条笔记")] = None,
    sent_at: SentAt = None,
    input: Input = None,
    output: Output = None,
    contract: Annotated[str | None, typer.Option(help="契约目录，默认用随附的 rules/")] = None,
    model: Annotated[str | None, typer.Option(help="模型包目录")] = None,
    no_model: Annotated[bool, typer.Option("--no-model", help="只用规则")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="打印 JSON")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="列出每个候选及其胜负缘由")] = False,
) -> None:
    """从一条笔记或一个文件里抽取字段。"""
    from service.engine import open_engine

    _one_source(text, input)
    engine = open_engine(contract, model=model, use_model=not no_model)
    if input is not None:
        with input.open(encoding="utf-8", errors="surrogateescape") as lines:
            records = _extract_lines(engine, read_lines(_progress(lines, input, output)), explain)
            write_records(records, output, sys.stdout)
        return
    note = note_from({"id": "note", "text": text, "sent_at": sent_at or datetime.now().astimezone().isoformat()})
    result = engine.extract(note)
    if as_json or output:
        from extractor.render import result_json

        write_records([result_json(result, explain=explain)], output, sys.stdout)
    else:
        from service.cli.table import show

        show(result, explain=explain)


def values(
    text: Annotated[str | None, typer.Argument(help="一句话")] = None,
    reference_time: Annotated[str | None, typer.Option(help="参照时间（ISO 8601）")] = None,
    input: Input = None,
    output: Output = None,
) -> None:
    """找出时间、时长、周期、数字、百分比、金额、数量、电话（与字段无关）。"""
    _one_source(text, input)
    if input is None:
        when = reference_time or datetime.now().astimezone().isoformat()
        write_records([_values_of({"id": "text", "text": text, "reference_time": when})], output, sys.stdout)
        return
    with input.open(encoding="utf-8", errors="surrogateescape") as lines:
        found = read_lines(_progress(lines, input, output), _values_of)
        write_records((r.to_json() if isinstance(r, BadLine) else r for r in found), output, sys.stdout)


def _one_source(text: str | None, input: Path | None) -> None:
    if (text is None) == (input is None):
        raise typer.BadParameter("给一句话，或者用 --input 给一个文件（二者选一）")


def _values_of(data: Any) -> dict[str, Any]:
    from extractor.errors import NoteError
    from extractor.values.finder import find_values

    if not isinstance(data, dict) or not isinstance(data.get("text"), str):
        raise NoteError("note.no_text", '每行要是 {"id", "text", "reference_time"}')
    try:
        reference = datetime.fromisoformat(str(data.get("reference_time")))
    except ValueError:
        reference = parse_time(data.get("reference_time"), "reference_time")
    return {"id": data.get("id"), "values": [f.to_json() for f in find_values(data["text"], reference)]}


def _extract_lines(engine: Any, notes: Iterator[Any], explain: bool) -> Iterator[dict[str, Any]]:
    from extractor.render import result_json

    for chunk in _chunks(notes):
        good = [n for n in chunk if not isinstance(n, BadLine)]
        results = iter([result_json(r, explain=explain) for r in engine.extract_many(good)])
        yield from (n.to_json() if isinstance(n, BadLine) else next(results) for n in chunk)


def _chunks(items: Iterator[Any]) -> Iterator[list[Any]]:
    chunk: list[Any] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _progress(lines: Iterator[str], source: Path, output: Path | None) -> Iterator[str]:
    """The lines, with a progress bar by bytes read when the results go to a file and a person is watching."""
    if output is None or not sys.stderr.isatty():
        yield from lines
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(source.name, total=source.stat().st_size)
        for line in lines:
            yield line
            progress.advance(task, len(line.encode(errors="surrogateescape")))
