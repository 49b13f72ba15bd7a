"""A result for people: the note with its evidence in colour, then one row per field."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from extractor.explain import dropped_lines
from extractor.types import Extraction, Result

COLOURS = ("cyan", "green", "magenta", "yellow", "blue", "red", "bright_cyan", "bright_green", "bright_magenta")


def show(result: Result, *, explain: bool = False, console: Console | None = None) -> None:
    """Print the note, its fields, what is unsure or refused, and on request every candidate that lost."""
    console = console or Console()
    shown = [*result.fields, *result.unsure]
    console.print(_note(result, shown))
    if shown:
        console.print(_fields(result, shown))
    else:
        console.print("没有可填的字段。", style="dim")
    for refused in result.refused:
        words = result.note.text[refused.span.start : refused.span.end]
        console.print(Text(f"✗ {refused.title}「{words}」：{refused.message}{refused.ask}", style="yellow"))
    if explain:
        console.print(_dropped(result))


def _note(result: Result, shown: list[Extraction]) -> Text:
    text = Text(result.note.text)
    for number, extraction in enumerate(shown):
        for span in extraction.evidence:
            text.stylize(f"bold underline {COLOURS[number % len(COLOURS)]}", span.start, span.end)
    return text


def _fields(result: Result, shown: list[Extraction]) -> Table:
    table = Table(show_edge=False, pad_edge=False)
    for title in ("字段", "值", "证据", "把握", "为什么"):
        table.add_column(title, overflow="fold")
    for number, e in enumerate(shown):
        words = "…".join(result.note.text[s.start : s.end] for s in e.evidence)
        mark = "推断 " if e.basis == "inferred" else "" if e.certain else "未定 "
        doubt = "待确认 " if e in result.unsure else ""
        colour = COLOURS[number % len(COLOURS)]
        cells = (e.title, mark + e.display, words, f"{doubt}{e.confidence:.2f}", e.why.sentence)
        table.add_row(*(Text(c, style=colour if n == 2 else "") for n, c in enumerate(cells)))
    return table


def _dropped(result: Result) -> Table:
    table = Table(title="没有成为字段的候选", show_edge=False, title_justify="left")
    for title in ("字段", "词句", "来源", "缘由"):
        table.add_column(title, overflow="fold")
    for row in dropped_lines(result):
        table.add_row(*map(Text, row))
    return table
