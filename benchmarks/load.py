"""Requests a second and their times, as ratios to a bare stand-in that is measured in the same run, alternating.

    python -m benchmarks.load [--seconds 10] [--rounds 3] [--notes FILE.jsonl]

Needs `wrk` (Debian's package of that name). Client and server share the machine, as they do for the stand-in.
`processor_ms` is what an answer costs the server (PostgreSQL's processes included): it says something on a busy machine
too, where rates and times do not.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import BenchError, save
from benchmarks.postgres import cluster, free_port
from benchmarks.running import Service, processor_seconds, wait_ready
from service.store.database import open_database
from service.store.keys import create_key

SCRIPT = """
local bodies, headers, number = {}, {["content-type"] = "application/json", ["authorization"] = "Bearer KEY"}, 0
for line in io.lines("BODIES") do bodies[#bodies + 1] = line end
function request()
  number = number + 1
  return wrk.format("POST", "/v1/extractions", headers, bodies[number % #bodies + 1])
end
local threads = {}
function setup(thread) threads[#threads + 1] = thread end
function init() ok = 0; refused = 0; patient = 0; other = 0 end
function response(status, headers)
  if status == 200 or status == 201 then ok = ok + 1
  elseif status == 429 or status == 503 then
    refused = refused + 1
    if headers["Retry-After"] or headers["retry-after"] then patient = patient + 1 end
  else other = other + 1 end
end
function done(summary, latency)
  local t = {ok = 0, refused = 0, patient = 0, other = 0}
  for _, thread in ipairs(threads) do
    for name in pairs(t) do t[name] = t[name] + thread:get(name) end
  end
  io.write(string.format("RESULT %d %d %d %d %f %f %f\\n", t.ok, t.refused, t.patient, t.other,
    summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
"""


def wrk(port: int, script: Path, *, connections: int, seconds: int) -> dict[str, float]:
    """One run: answers a second, refusals (and how many of them say when to come back), times in ms."""
    tool = shutil.which("wrk")
    if tool is None:
        raise BenchError("没有 wrk；请安装：apt-get install wrk")
    command = [tool, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(script)]
    done = subprocess.run([*command, f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=False)
    found = re.search(r"RESULT (.+)", done.stdout)
    if found is None:
        raise BenchError(f"wrk 没有给出结果：{done.stdout[-300:]}{done.stderr[-300:]}")
    ok, refused, patient, other, duration, p50, p99 = map(float, found[1].split())
    return {
        "answers": ok, "per_second": ok / duration, "p50_ms": p50, "p99_ms": p99,
        "refused_per_second": refused / duration, "refused_without_retry_after": refused - patient,
        "other": other,
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Server:
    """What is loaded: its port, and the processes whose time counts."""

    port: int
    pids: tuple[int, ...]

    def seconds(self) -> float:
        """Processor time so far."""
        return sum(map(processor_seconds, self.pids))


@contextmanager
def stand_in(port: int) -> Iterator[Server]:
    """The stand-in as a process."""
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.standin", str(port)])
    try:
        wait_ready(f"http://127.0.0.1:{port}", process)
        yield Server(port, (process.pid,))
    finally:
        process.terminate()
        process.wait()


@contextmanager
def service(database_url: str, *pids: int) -> Iterator[tuple[Server, str]]:
    """The service on a database with one key: the server and the key. `pids`: others whose time counts."""
    database = open_database(database_url)
    with database.write() as connection:
        key = create_key(connection, "demo", ["extract", "confirm"])
    database.close()
    made = Service(database_url)
    made.start()
    try:
        assert made.process
        yield Server(made.port, (made.process.pid, *pids)), key
    finally:
        made.stop()


def load(server: Server, script: Path, *, connections: int, seconds: int) -> dict[str, float]:
    """One run, with the processor milliseconds that an answer cost the server."""
    before = server.seconds()
    found = wrk(server.port, script, connections=connections, seconds=seconds)
    answers = found.pop("answers")
    return {**found, "processor_ms": (server.seconds() - before) * 1000 / answers if answers else 0.0}


def _bodies(notes: Path, *, store: bool, folder: Path) -> Path:
    rows = [json.loads(line) for line in notes.read_text(encoding="utf-8").splitlines() if line.strip()]
    lines = [
        json.dumps(
            {
                "note": {"text": row["text"], "sent_at": row["sent_at"], "customer": f"客户{number}"},
                "store": store,
            },
            ensure_ascii=False,
        )
        for number, row in enumerate(rows)
    ]
    path = folder / f"bodies-{store}.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _script(folder: Path, bodies: Path, key: str) -> Path:
    path = folder / f"{bodies.stem}-{key[-6:]}.lua"
    path.write_text(SCRIPT.replace("BODIES", str(bodies)).replace("KEY", key), encoding="utf-8")
    return path


def compare(
    database_url: str, notes: Path, *, store: bool, seconds: int, rounds: int, pids: Sequence[int] = ()
) -> dict[str, Any]:
    """The service beside the stand-in, taking turns; medians over the rounds, and their ratios."""
    with tempfile.TemporaryDirectory() as name, service(database_url, *pids) as (made, key):
        folder = Path(name)
        own = _script(folder, _bodies(notes, store=store, folder=folder), key)
        bare = _script(folder, _bodies(notes, store=False, folder=folder), key)
        with stand_in(free_port()) as other:
            for server, script in ((other, bare), (made, own)):
                load(server, script, connections=16, seconds=1)  # what is only slow at first is not measured
            runs: dict[str, list[dict[str, float]]] = {"stand_in": [], "at_16": [], "at_64": []}
            for _ in range(rounds):
                runs["stand_in"].append(load(other, bare, connections=16, seconds=seconds))
                runs["at_16"].append(load(made, own, connections=16, seconds=seconds))
                runs["at_64"].append(load(made, own, connections=64, seconds=seconds))
    return _ratios({name: _median(found) for name, found in runs.items()})


def _median(found: list[dict[str, float]]) -> dict[str, float]:
    return {key: round(statistics.median(run[key] for run in found), 2) for key in found[0]}


def _ratios(found: dict[str, dict[str, float]]) -> dict[str, Any]:
    bare, at_16, at_64 = found["stand_in"], found["at_16"], found["at_64"]
    return {
        **found,
        "rate_ratio": _ratio(at_16["per_second"], bare["per_second"]),
        "p99_ratio": _ratio(at_16["p99_ms"], bare["p99_ms"]),
        "processor_ratio": _ratio(at_16["processor_ms"], bare["processor_ms"]),
        "rate_64_to_16": _ratio(at_64["per_second"], at_16["per_second"]),
    }


def _ratio(one: float, other: float) -> float | None:
    return round(one / other, 3) if other else None


def _postmaster(url: str) -> int:
    """The process of a cluster on this machine that all its others belong to."""
    import psycopg

    with psycopg.connect(url) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    assert row
    return int((Path(row[0]) / "postmaster.pid").read_text(encoding="utf-8").split()[0])


def main() -> None:
    """Without storage, on SQLite, on PostgreSQL; saved as `load.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--notes", type=Path, default=Path(__file__).parent.parent / "examples" / "notes.jsonl")
    given = parser.parse_args()
    options: dict[str, Any] = {"seconds": given.seconds, "rounds": given.rounds}
    result: dict[str, Any] = {**options, "load_average_before": round(os.getloadavg()[0], 2)}
    with tempfile.TemporaryDirectory() as folder:
        for name, store in (("no_storage", False), ("sqlite", True)):
            result[name] = compare(f"sqlite:///{folder}/{name}.db", given.notes, store=store, **options)
            print(name, json.dumps(result[name]), flush=True)
    with cluster() as url:
        result["postgresql"] = compare(url, given.notes, store=True, pids=[_postmaster(url)], **options)
        print("postgresql", json.dumps(result["postgresql"]), flush=True)
    save("load", result)


if __name__ == "__main__":
    main()
