"""Read the finder's data tables (`rules/time/`): tab-separated columns, `#` starts a comment line."""

from __future__ import annotations

from functools import cache
from pathlib import Path

TABLES = Path(__file__).resolve().parents[2] / "rules" / "time"


@cache
def tables_of(root: Path) -> Path:
    """The time tables of a tenant's `rules/`: its own `time/` where it has one, else the shipped ones."""
    own = root / "time"
    return own if own.is_dir() else TABLES


@cache
def rows(name: str, folder: Path = TABLES) -> tuple[tuple[str, ...], ...]:
    """The rows of `name`.tsv, in file order."""
    lines = (folder / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    return tuple(tuple(line.split("\t")) for line in lines if line and not line.startswith("#"))


@cache
def words(name: str, folder: Path = TABLES) -> frozenset[str]:
    """First column of a table, as a set."""
    return frozenset(row[0] for row in rows(name, folder))
