"""A private PostgreSQL cluster for tests and measurements: a free port, a temporary folder, gone afterwards.

A missing server is an error, never a reason to leave something out.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import BenchError

USER = "postgres"  # PostgreSQL refuses to run as root


@contextmanager
def cluster(**options: str) -> Iterator[str]:
    """The URL of a fresh, running cluster's database; `options` are server settings (`fsync="off"`).

    Raises BenchError where Debian's package `postgresql` is not installed.
    """
    tools, port = _tools(), free_port()
    folder = Path(tempfile.mkdtemp(prefix="fieldnote-pg-"))
    settings = {"port": str(port), "listen_addresses": "127.0.0.1", "unix_socket_directories": str(folder)} | options
    flags = " ".join(f"-c {name}={value}" for name, value in settings.items())
    data = folder / "data"
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, USER)
        _run(tools / "initdb", "-D", str(data), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        _run(tools / "pg_ctl", "-D", str(data), "-o", flags, "-l", str(folder / "log"), "-w", "start")
        try:
            yield f"postgresql://{USER}@127.0.0.1:{port}/{USER}"
        finally:
            _run(tools / "pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_database(url: str, name: str) -> str:
    """A new empty database in the cluster, as a URL."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[arg-type]  # names come from the callers alone
    return url.rsplit("/", 1)[0] + f"/{name}"


def _tools() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parent.parent.name))
    on_path = shutil.which("initdb")
    if not found and not on_path:
        raise BenchError("没有 PostgreSQL 服务器；请安装：apt-get install postgresql")
    return (found[-1] if found else Path(str(on_path))).parent


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(tool: Path, *arguments: str) -> None:
    user = USER if os.geteuid() == 0 else None
    done = subprocess.run(
        [str(tool), *arguments], user=user, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise BenchError(f"{tool.name} 失败：{done.stderr.strip()[-500:]}")
