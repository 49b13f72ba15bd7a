"""`fieldnote sandbox` and `fieldnote triggers` on a database of their own."""

from __future__ import annotations

import json

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from extractor.pipeline import Engine
from service.app import create_app
from service.cli import app
from service.settings import Settings
from service.store.keys import create_key

PACK = "fields: {budget_source: {rules: [{name: 财评, value: 政府拨款, score: 0.9, words: [财评]}]}}"
TRIGGER = "triggers: [{name: 甲, field: budget_source, when: 'true', then: {action: a, text: 做}}]"


@pytest.fixture
def run(rules: Engine, tmp_path):
    """A command's result on a database in which one note waits and one value is confirmed."""
    url = f"sqlite:///{tmp_path}/f.db"
    made = create_app(rules, Settings(database_url=url, worker=False))
    with TestClient(made) as client:
        with made.state.database.write() as connection:
            client.headers["Authorization"] = f"Bearer {create_key(connection, 'demo', ['extract', 'confirm'])}"
        for text in ("设备款要等财评", "王总说要等财政拨款"):
            note = {"text": text, "sent_at": "2026-03-18T10:20:00+08:00", "customer": "甲"}
            kept = client.post("/v1/extractions", json={"note": note}).json()
        chosen = next(f for f in kept["fields"] if f["field"] == "budget_source")["suggestion_id"]
        decision = {"decisions": [{"suggestion_id": chosen, "action": "confirm"}]}
        assert client.post(f"/v1/extractions/{kept['id']}/decisions", json=decision).status_code == 200
    (tmp_path / "pack.yaml").write_text(PACK, encoding="utf-8")
    (tmp_path / "triggers.yaml").write_text(TRIGGER, encoding="utf-8")

    def command(*args: str):
        paths = [str(tmp_path / a) if a.endswith(".yaml") else a for a in args]
        return CliRunner().invoke(app, [*paths, "--tenant", "demo", "--database-url", url])

    return command


def test_a_pack_is_tried_published_and_undone(run, tmp_path):
    shown = run("sandbox", "try", "pack.yaml", "--json")
    assert shown.exit_code == 0, shown.output
    tally = json.loads(shown.stdout)["effect"]["fields"]["budget_source"]
    assert (tally["found"], tally["same"]) == (1, 1)
    assert "新找到 1，丢掉 0" in run("sandbox", "try", "pack.yaml").stdout
    assert "版本 1 已发布" in run("sandbox", "publish", "pack.yaml").stdout
    after = json.loads(run("sandbox", "try", "pack.yaml", "--json").stdout)["effect"]["fields"]["budget_source"]
    assert (after["found"], after["same"]) == (0, 2), "the pack is what serves now"
    assert "没有规则包" in run("sandbox", "undo").stdout
    (tmp_path / "pack.yaml").write_text("fields: {budget_source: {examples: [{text: 等财政拨款}]}}", encoding="utf-8")
    assert run("sandbox", "try", "pack.yaml").exit_code == 1


def test_triggers_are_tried_and_published(run):
    shown = json.loads(run("triggers", "try", "triggers.yaml", "--json").stdout)
    assert (shown["confirmations"], shown["triggers"][0]["fired"]) == (1, 1)
    assert "会响 1 次" in run("triggers", "try", "triggers.yaml").stdout
    assert "版本 1 已生效" in run("triggers", "publish", "triggers.yaml").stdout
