"""What it costs to keep one extraction (6 suggestions, audit, outbox), beside a bare commit on the same disk.

    python -m benchmarks.persistence [--rounds 300]

Both take turns in the same run: SQLite, write-ahead log, `synchronous=FULL`. The bare commit writes one row of the same
size of data. Medians in milliseconds and their ratio.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks import save
from extractor.contract import load_contract
from extractor.types import Note
from service.store import keeping
from service.store.database import open_database
from service.store.keys import Caller, create_key

CALLER = Caller("demo", "bench", frozenset({"extract"}))
SENT = datetime.fromisoformat("2026-03-18T10:20:00+08:00")


def answer() -> dict[str, Any]:
    """An engine's answer with six fields, as wide as real ones."""
    field = {
        "title": "预算金额", "value": {"min": 800000, "max": 800000}, "display": "80万元", "confidence": 0.93,
        "basis": "stated", "certain": True, "claim": {"status": "stated"}, "sources": ["rule:budget_amount/预算多少"],
        "evidence": [{"start": 2, "end": 5, "text": "八十万"}], "why": "原话「八十万」，规则「预算多少」",
    }  # fmt: skip
    names = list(load_contract().fields)[:6]
    return {"id": "", "bundle": "bench", "fields": [{**field, "field": name} for name in names], "unsure": []}


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def measure(folder: Path, rounds: int) -> dict[str, float]:
    """Medians over the rounds, after a tenth of them to warm up."""
    database, contract, found = open_database(f"sqlite:///{folder}/fieldnote.db"), load_contract(), answer()
    with database.write() as connection:
        create_key(connection, "demo", ["extract"])
    bare = sqlite3.connect(folder / "bare.db", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        bare.execute(f"PRAGMA {pragma}")
    bare.execute("CREATE TABLE kept (id INTEGER PRIMARY KEY, body TEXT)")
    body = json.dumps(found, ensure_ascii=False)
    numbers = iter(range(10**9))

    def keep() -> None:
        note = Note(f"n{next(numbers)}", "预算八十万" * 10, SENT, "小李", "恒力机械", "bench")
        with database.write() as connection:
            keeping.keep(connection, CALLER, note, found, contract)

    def commit() -> None:
        bare.execute("BEGIN IMMEDIATE")
        bare.execute("INSERT INTO kept (body) VALUES (?)", (body,))
        bare.execute("COMMIT")

    pairs = [(timed(commit), timed(keep)) for _ in range(rounds + rounds // 10)][rounds // 10 :]
    bare.close()
    database.close()
    bare_ms, keep_ms = (statistics.median(column) for column in zip(*pairs, strict=True))
    return {"bare_ms": round(bare_ms, 3), "keep_ms": round(keep_ms, 3), "ratio": round(keep_ms / bare_ms, 2)}


def main() -> None:
    """Measure, print, keep under results/."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(dir=".") as folder:
        found = measure(Path(folder), rounds)
    print(json.dumps(found))
    save("persistence", {"rounds": rounds, **found})


if __name__ == "__main__":
    main()
