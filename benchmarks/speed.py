"""Time per note in process, one thread, beside a peer measured in the same run, alternating; start-up and memory."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import as_notes, evaluation, save, scorer
from extractor.pipeline import Engine
from extractor.types import Note

ROUNDS = 5
LENGTHS = (10, 100, 1_000, 10_000)

START = """
import resource, time
start = time.perf_counter()
from extractor.pipeline import load_engine
from extractor.types import Note
from datetime import datetime
engine = load_engine()
ready = time.perf_counter() - start
engine.extract(Note("n", "王总说要等财政拨款，下周三上门", datetime.fromisoformat("2026-03-18T10:20+08:00")))
print(ready, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def run(engine: Engine, *, folder: Path | None) -> dict[str, Any]:
    """All speed figures; saved as `speed.json`."""
    where = evaluation(folder)
    notes = as_notes(scorer(where).read(str(where / "notes" / "dv.jsonl")))
    ours, peers = _alternate(engine.extract, _peer(), notes)
    result = {
        "notes": len(notes),
        "fieldnote_us": _figures(ours),
        "jionlp_us": _figures(peers),
        "mean_ratio": round(statistics.mean(ours) / statistics.mean(peers), 3),
        "p99_ratio": round(_p99(ours) / _p99(peers), 3),
        "by_length_us_per_character": {str(n): _per_character(engine, notes, n) for n in LENGTHS},
        "by_count_us_per_note": {str(n): _per_note(engine, notes, n) for n in (200, 2_000, 20_000)},
        "start": _start(),
    }
    save("speed", result)
    return result


def _peer() -> Callable[[Note], object]:
    """JioNLP's time, money, phone and e-mail calls; a call that raises counts as it is."""
    import logging

    import jionlp

    logging.disable(logging.CRITICAL)

    def call(note: Note) -> object:
        try:
            jionlp.ner.extract_time(note.text, time_base=note.sent_at.timestamp(), with_parsing=True)
            jionlp.ner.extract_money(note.text, with_parsing=True)
        except Exception:
            pass
        return jionlp.extract_phone_number(note.text), jionlp.extract_email(note.text)

    return call


def _alternate(
    one: Callable[[Note], object], other: Callable[[Note], object], notes: Sequence[Note]
) -> tuple[list[float], list[float]]:
    """Per note the median of ROUNDS, in microseconds, both taken in turns."""
    for note in notes:
        one(note)
        other(note)
    rounds = [([_us(one, n) for n in notes], [_us(other, n) for n in notes]) for _ in range(ROUNDS)]
    ours = [statistics.median(r[0][i] for r in rounds) for i in range(len(notes))]
    peers = [statistics.median(r[1][i] for r in rounds) for i in range(len(notes))]
    return ours, peers


def _us(call: Callable[[Note], object], note: Note) -> float:
    start = time.perf_counter()
    call(note)
    return (time.perf_counter() - start) * 1e6


def _figures(times: Sequence[float]) -> dict[str, float]:
    return {
        "mean": round(statistics.mean(times), 1),
        "p50": round(statistics.median(times), 1),
        "p99": round(_p99(times), 1),
    }


def _p99(times: Sequence[float]) -> float:
    return sorted(times)[int(0.99 * (len(times) - 1))]


def _per_character(engine: Engine, notes: Sequence[Note], length: int) -> float:
    """Microseconds a character for notes of this length, made by joining the development notes."""
    text = "。".join(n.text for n in notes)
    pieces = [text[i : i + length] for i in range(0, len(text) - length, max(length, len(text) // 50))][:50] or [
        text[:length]
    ]
    pieces = [p * (length // len(p) or 1) for p in pieces]
    took = [_us(engine.extract, Note("n", p, notes[0].sent_at)) / len(p) for p in pieces for _ in range(3)]
    return round(statistics.median(took), 2)


def _per_note(engine: Engine, notes: Sequence[Note], count: int) -> float:
    batch = [notes[i % len(notes)] for i in range(count)]
    start = time.perf_counter()
    for _ in engine.extract_many(batch):
        pass
    return round((time.perf_counter() - start) * 1e6 / count, 1)


def _start() -> dict[str, float]:
    """Seconds to import and load, and resident megabytes after one note: median of three fresh processes."""
    runs = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, check=True)
        runs.append([float(x) for x in done.stdout.split()])
    return {
        "seconds": round(statistics.median(r[0] for r in runs), 3),
        "resident_mb": round(statistics.median(r[1] for r in runs)),
    }
