"""A service on SQLite and on PostgreSQL: every test that asks for `door` runs on both. A missing server fails."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from extractor.pipeline import Engine
from service.app import create_app
from service.settings import Settings
from service.store.keys import create_key

ALL = ("extract", "confirm", "manage", "admin")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database_url=f"sqlite:///{tmp_path}/fieldnote.db", webhook_allow_private=True, worker=False)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a private cluster, started for this run and stopped after it."""
    tools = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
    tools = tools or (Path(found).parent if (found := shutil.which("initdb")) else None)
    assert tools, "PostgreSQL is not installed: apt-get install postgresql"
    folder, port = tmp_path_factory.mktemp("postgres"), free_port()
    as_user: list[str] = []
    if os.geteuid() == 0:  # the server refuses to run as root
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        for parent in [folder, *folder.parents][:3]:
            parent.chmod(0o755)
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"

    def run(*command: str) -> None:
        here = {"PATH": os.environ["PATH"]}
        done = subprocess.run([*as_user, *command], capture_output=True, text=True, cwd=folder, env=here, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    run(str(tools / "initdb"), "-D", str(data), "-U", "fieldnote", "--auth=trust", "--encoding=UTF8", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    run(str(tools / "pg_ctl"), "-D", str(data), "-o", options, "-w", "-l", str(folder / "log"), "start")
    yield f"postgresql://fieldnote@127.0.0.1:{port}/postgres"
    run(str(tools / "pg_ctl"), "-D", str(data), "-m", "fast", "stop")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/fieldnote.db"
    import psycopg

    url: str = request.getfixturevalue("postgres")
    name = f"t{abs(hash(str(tmp_path))):x}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return url.rsplit("/", 1)[0] + f"/{name}"


@dataclass
class Door:
    """A running application and a client with every right in the tenant `demo`."""

    app: object
    client: TestClient
    database: object

    def key(self, tenant: str, *scopes: str) -> dict[str, str]:
        """Headers of a new key."""
        with self.database.write() as connection:
            return {"Authorization": f"Bearer {create_key(connection, tenant, scopes or ALL)}"}

    def note(self, text: str, **given: object) -> dict:
        """Store a note and return the answer."""
        note = {"text": text, "sent_at": "2026-03-18T10:20:00+08:00", "customer": "恒力机械", **given}
        answer = self.client.post("/v1/extractions", json={"note": note})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def decide(self, extraction: dict, *decisions: dict, **headers: str):
        """Decisions by field name: `{"field", "action", …}` or by suggestion id."""
        ids = {f["field"]: f["suggestion_id"] for f in extraction["fields"]}
        body = [{"suggestion_id": ids[d["field"]], **{k: v for k, v in d.items() if k != "field"}} for d in decisions]
        path = f"/v1/extractions/{extraction['id']}/decisions"
        return self.client.post(path, json={"decisions": body}, headers=headers)

    def values(self, customer: str = "恒力机械") -> dict:
        rows = self.client.get(f"/v1/customers/{customer}/fields").json()["fields"]
        return {row["field"]: row["value"] for row in rows}


@pytest.fixture
def door(rules: Engine, database_url: str) -> Iterator[Door]:
    settings = Settings(database_url=database_url, webhook_allow_private=True, worker=False)
    app = create_app(rules, settings)
    with TestClient(app, raise_server_exceptions=False) as client:
        made = Door(app, client, app.state.database)
        client.headers.update(made.key("demo"))
        yield made
