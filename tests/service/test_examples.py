"""The walk by curl and the client run against a service of their own; the documents name what there is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.running import Service
from service.app import create_app
from service.settings import Settings
from service.store.database import open_database
from service.store.keys import create_key

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> dict[str, str]:
    """A running service and a key, as the examples want them."""
    url = f"sqlite:///{tmp_path_factory.mktemp('examples')}/f.db"
    database = open_database(url)
    with database.write() as connection:
        key = create_key(connection, "demo", ["extract", "confirm"])
    database.close()
    service = Service(url)
    service.start()
    yield {**os.environ, "FIELDNOTE_URL": service.url, "FIELDNOTE_KEY": key}
    service.stop()


def run(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_walk_by_curl(environment):
    first, again = (run(environment, "examples/walk.sh") for _ in range(2))
    assert "政府拨款" in first
    assert "财政拨款" in first
    assert first == again


def test_the_client(environment):
    text = ("王总说要等财政拨款", "--customer", "客户乙")
    assert "budget_source: 政府拨款" in run(environment, sys.executable, "-m", "examples.client", *text)


def test_the_page_of_settings_names_every_setting():
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for name in Settings.model_fields:
        shown = name.upper().removeprefix("WECOM")
        assert shown in page, name


def test_the_page_of_the_service_names_every_event(rules, tmp_path):
    page = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
    app = create_app(rules, Settings(database_url=f"sqlite:///{tmp_path}/f.db", worker=False))
    events = app.openapi()["components"]["schemas"]["WebhookIn"]["properties"]["events"]["items"]["enum"]
    assert all(event in page for event in events)
    app.state.database.close()


def test_the_whole_walk():
    """What `make demo` shows: message in, reply out, confirmation, webhook, lineage."""
    said = run({**os.environ, "COLUMNS": "200"}, sys.executable, "-m", "examples.walk")
    for words in (
        "1. 客户名称：恒力机械", "也可点开确认：http://127.0.0.1:", "已更正：联系人", "已确认：客户名称",
        'field.corrected  contact_person = "王建国"', "strategy.triggered  expansion_plan", '{"by": "wechat:小李"}',
    ):  # fmt: skip
        assert words in said, said
