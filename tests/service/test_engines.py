"""Releases in running servers: swapped under load, taken back to the byte, for a share, by several processes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from extractor.pipeline import Engine
from extractor.render import result_json
from extractor.types import Note
from service.app import create_app
from service.engine import open_engine
from service.engines import Engines, share_of
from service.settings import Settings
from service.store import releases
from service.store.database import Database, open_database
from service.store.keys import create_key, ensure_tenant
from service.store.release_tables import bundles
from tests.conftest import SENT_AT
from tests.service.releasing import version

TEXT = "王总说要等财政拨款，预算80万左右，下周三带样品上门"
NOTE = {"id": "n", "text": TEXT, "sent_at": SENT_AT.isoformat()}


@pytest.fixture(scope="module")
def shipped() -> Engine:
    return open_engine()


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("registry")
    version(root, "two", bias=-0.7)
    version(root, "three", bias=0.9)
    return root


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = open_database(database_url)
    with made.write() as connection:
        for tenant in ("demo", "other"):
            ensure_tenant(connection, tenant)
    yield made
    made.close()


@pytest.fixture
def engines(shipped: Engine, registry: Path, database: Database) -> Engines:
    return Engines(shipped, database, registry)


def answers(engine: Engine) -> dict:
    return result_json(engine.extract(Note("n", TEXT, SENT_AT)))


def test_swapped_under_load(shipped, registry, tmp_path):
    """Threads ask while two versions take turns: no request fails, each answer is whole of one version."""
    url = f"sqlite:///{tmp_path}/load.db"
    app = create_app(shipped, Settings(database_url=url, worker=False, registry=registry, release_seconds=0.01))
    with app.state.database.write() as connection:
        key = {"Authorization": f"Bearer {create_key(connection, 'demo', ['extract', 'manage'])}"}
    seen, over = [], Event()
    with TestClient(app) as client:
        before = client.post("/v1/extractions", json={"note": NOTE, "store": False}, headers=key).content

        def hammer(batch: bool) -> int:
            asked = 0
            while not over.is_set():
                if batch:
                    body = {"notes": [NOTE] * 3, "store": False}
                    answer = client.post("/v1/extractions/batch", json=body, headers=key)
                    assert answer.status_code == 200, answer.text
                    results = answer.json()["results"]
                    assert results == [results[0]] * 3
                    seen.append(results[0])
                else:
                    answer = client.post("/v1/extractions", json={"note": NOTE, "store": False}, headers=key)
                    assert answer.status_code == 200, answer.text
                    seen.append(answer.json())
                asked += 1
            return asked

        with ThreadPoolExecutor(4) as pool:
            threads = [pool.submit(hammer, batch) for batch in (False, False, False, True)]
            try:
                for _ in range(4):
                    for name in ("two", "three"):
                        made = client.post("/v1/models/releases", json={"version": name}, headers=key)
                        assert made.status_code == 201, made.text
                    for back in ("two", None):
                        assert client.post("/v1/models/rollback", headers=key).json()["serves"] == back
            finally:
                over.set()
            assert all(thread.result() for thread in threads)
        after = client.post("/v1/extractions", json={"note": NOTE, "store": False}, headers=key).content
    assert after == before
    whole = [answers(e) for e in (shipped, *(Engine(shipped.contract, tagger=t, calibrator=c) for t, c in
             (app.state.engines.model(n) for n in ("two", "three"))))]  # fmt: skip
    assert {a["bundle"] for a in seen} <= {w["bundle"] for w in whole}
    assert all({k: a[k] for k in whole[0]} in whole for a in seen)
    assert len({a["bundle"] for a in seen}) > 1


def test_a_canary_keeps_its_notes(engines, database):
    """A larger share only adds notes; other tenants see nothing of it."""
    keys = [f"rep{n}" for n in range(400)]

    def on_trial(share: float, tenant: str = "demo") -> set[str]:
        with database.write() as connection:
            releases.begin(connection, "demo", "model", "two", "canary", by="m", share=share)
        engines.refresh()
        return {k for k in keys if engines.pick(tenant, k) is not engines.default}

    few, more = on_trial(0.1), on_trial(0.4)
    assert few < more
    assert few == {k for k in keys if share_of("two", k) < 0.1}
    assert 20 <= len(few) <= 70
    assert on_trial(0.4, "other") == set()
    with database.write() as connection:
        releases.end(connection, "demo", "model", "canary", by="m")
    assert engines.refresh()
    assert all(engines.pick("demo", k) is engines.default for k in keys)


def test_every_process_follows_and_remembers(engines, database, shipped, registry):
    """What one process releases the other serves; for everyone, and for a tenant with a release of its own."""
    elsewhere = Engines(shipped, database, registry)
    with database.write() as connection:
        releases.begin(connection, None, "model", "two", "live", by="operator")
        releases.begin(connection, "demo", "model", "three", "live", by="m")
    assert engines.refresh()
    assert elsewhere.refresh()
    assert not elsewhere.refresh()
    for tenant in ("demo", "other", None):
        assert engines.pick(tenant, "k").bundle == elsewhere.pick(tenant, "k").bundle
    assert len({engines.pick(t, "k").bundle for t in ("demo", "other")} | {shipped.bundle}) == 3
    with database.read() as connection:
        names = {row.bundle: row.model for row in connection.execute(select(bundles))}
    assert names[engines.pick("demo", "k").bundle] == "three"
    assert names[shipped.bundle] == "zh-notes-1"


def test_a_version_that_is_not_here_changes_nothing(engines, database, tmp_path):
    """A release whose files are missing or damaged on this machine: what served before serves on."""
    version(tmp_path, "four")
    engines.registry = tmp_path
    with database.write() as connection:
        releases.begin(connection, "demo", "model", "four", "live", by="m")
    engines.refresh()
    before = engines.pick("demo", "k")
    shutil.copytree(tmp_path / "four", tmp_path / "five")
    (tmp_path / "five" / "vocab.txt").write_text("x", encoding="utf-8")
    for broken in ("nowhere", "five", "../four"):
        with database.write() as connection:
            releases.begin(connection, "demo", "model", broken, "live", by="m")
        engines.refresh()
        assert engines.pick("demo", "k") is before
