"""A service on SQLite and on PostgreSQL: every test that asks for `door` runs on both. A missing server fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from benchmarks.postgres import cluster, new_database
from extractor.pipeline import Engine
from service.app import create_app
from service.settings import Settings
from service.store.keys import create_key

ALL = ("extract", "confirm", "manage", "admin")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database_url=f"sqlite:///{tmp_path}/fieldnote.db", webhook_allow_private=True, worker=False)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a private cluster, started for this run and stopped after it."""
    with cluster(fsync="off") as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/fieldnote.db"
    return new_database(request.getfixturevalue("postgres"), f"t{abs(hash(str(tmp_path))):x}")


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
