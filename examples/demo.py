"""The seed sentences and a file of notes, extracted and drawn."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from extractor.types import Note
from service.cli.table import show
from service.engine import open_engine
from service.records import BadLine, read_lines

SENT_AT = datetime.fromisoformat("2026-03-18T10:20+08:00")
SEEDS = (
    "王总说要等财政拨款",
    "下周三带样品上门",
    "客户提到明年要扩建两条产线",
    "关注续航，冬天高速能不能跑够400公里",
    "公司规模挺大的，联系电话 138OO138000",
    "下周三，不对，周四上门；不用等财政了，自己出",
)


def main() -> None:
    """Print every seed with its evidence, then what the sample file gives per field."""
    console = Console()
    engine = open_engine()
    console.rule("种子句子")
    for number, text in enumerate(SEEDS):
        show(engine.extract(Note(f"seed-{number}", text, SENT_AT)), console=console)
        console.print()
    with (Path(__file__).parent / "notes.jsonl").open(encoding="utf-8") as lines:
        notes = [n for n in read_lines(lines) if not isinstance(n, BadLine)]
    console.rule(f"{len(notes)} 条样例笔记")
    counts: Counter[str] = Counter()
    for result in engine.extract_many(notes):
        counts.update(e.title for e in result.fields)
    table = Table("字段", "找到")
    for title, count in counts.most_common():
        table.add_row(title, str(count))
    console.print(table)


if __name__ == "__main__":
    main()
