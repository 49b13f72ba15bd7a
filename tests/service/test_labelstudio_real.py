"""A round trip through the real Label Studio, started here from a venv of its own (`runs/label-studio`).

Notes out with marks, corrected over Label Studio's API, back by its webhook and by its export, retrained on: the same
places everywhere.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
import yaml

from annotation.formats import FORMATS
from extractor.pipeline import Engine
from models.train.config import GateConfig, TrainConfig
from models.train.marks import compile_marked, read_notes
from service.app import create_app
from service.settings import Settings
from service.store import jobs
from service.store.database import open_database
from service.store.keys import create_key

VERSION, COUNT = "1.23.2", 100
VENV = Path(__file__).parents[2] / "runs" / "label-studio"
USER, PASSWORD, TOKEN = "rep@example.com", "a long password", "0123456789abcdef0123456789abcdef01234567"
WORDS = ("财政拨款", "自有资金", "银行贷款", "上级拨款")


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def until(ready, what: str, seconds: float = 300.0) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, what
        time.sleep(0.3)


def answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of a fresh Label Studio with one user."""
    if not (VENV / "bin" / "label-studio").exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        subprocess.run([VENV / "bin" / "pip", "install", "-q", f"label-studio=={VERSION}"], check=True)
    port = free_port()
    own = {
        "LABEL_STUDIO_USERNAME": USER, "LABEL_STUDIO_PASSWORD": PASSWORD, "LABEL_STUDIO_USER_TOKEN": TOKEN,
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true", "COLLECT_ANALYTICS": "false", "LATEST_VERSION_CHECK": "false",
        "SSRF_PROTECTION_ENABLED": "false", "ML_BLOCK_LOCAL_IP": "false",  # all on one host
    }  # fmt: skip
    command = [
        VENV / "bin" / "label-studio",
        "start",
        "--no-browser",
        "--port",
        str(port),
        "--data-dir",
        tmp_path / "ls",
    ]
    with (tmp_path / "ls.log").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **own}, stdout=log, stderr=log)
    try:
        base = f"http://127.0.0.1:{port}"
        until(lambda: process.poll() is not None or answers(f"{base}/health"), "Label Studio starts")
        assert process.poll() is None, (tmp_path / "ls.log").read_text()
        with httpx.Client(base_url=base, headers={"Authorization": f"Token {TOKEN}"}, timeout=120) as client:
            yield client
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def served(rules: Engine, tmp_path: Path) -> Iterator[tuple[httpx.Client, str]]:
    """The service on a port, and a key for the tenant `demo`."""
    app = create_app(rules, Settings(database_url=f"sqlite:///{tmp_path}/f.db", worker=False))
    with app.state.database.write() as connection:
        key = create_key(connection, "demo", ("extract", "confirm", "annotate", "manage"))
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    base = f"http://127.0.0.1:{port}"
    until(lambda: answers(f"{base}/health/live"), "the service starts")
    with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
        yield client, key
    server.should_exit = True
    thread.join()


def ok(answer: httpx.Response):
    assert answer.is_success, (answer.request.url, answer.text[:2000])
    return answer.json()


def corrected(task: dict) -> list[dict]:
    """What an annotator leaves: the engine's marks but those of contacts, 王总 marked anew, another amount."""
    kept = [r for r in task["predictions"][0]["result"] if not r["id"].startswith("contact_person-")]
    for region in kept:
        if region["id"].startswith("budget_amount-") and region["type"] == "textarea":
            region["value"]["text"] = ["7万"]
    at = task["data"]["text"].index("王总")
    value = {"start": at, "end": at + 2, "text": "王总", "labels": ["contact_person"]}
    return [*kept, {"id": "new1", "from_name": "field", "to_name": "text", "type": "labels", "value": value}]


def places(result: list[dict]) -> set[tuple[str, int, int]]:
    found = [r["value"] for r in result if r["type"] == "labels"]
    return {(v["labels"][0], v["start"], v["end"]) for v in found}


def retrained(job: str, folder: Path) -> tuple[Any, Path]:
    """The service's own job, on from a tiny model that knows next to nothing: its row, and the folder of its run."""
    from models.train.run import train
    from service.retraining import run_job
    from tests.models.train.conftest import MARKED, PLAIN, make_corpus, make_encoder

    (folder / "tiny").mkdir()
    notes = [compile_marked({"id": f"n{i}", "marked": text}, "n") for i, text in enumerate(MARKED)]
    corpus = make_corpus(folder / "corpus", make_encoder(folder / "tiny"), notes)
    config = TrainConfig(
        name="first", threads=1, corpus=corpus, own_notes=(), finetune=PLAIN.model_copy(update={"epochs": 2}),
        gate=GateConfig(spans=0.0, f1_points=100, field_points=100, slower=100), runs=corpus / "runs",
        registry=corpus / "registry",
    )  # fmt: skip
    train(config, progress=lambda *_: None)
    recipe = folder / "retrain.yaml"
    recipe.write_text(yaml.safe_dump({**config.model_dump(mode="json"), "name": "again"}), encoding="utf-8")
    settings = Settings(
        database_url=f"sqlite:///{folder}/f.db", registry=config.registry, retrain=recipe,
        model=config.registry / "first",
    )  # fmt: skip
    database = open_database(settings.database_url)
    state = run_job(database, settings, job)
    with database.read() as connection:
        row = jobs.anyones(connection, job)
    database.close()
    assert state == "done", row.error
    return row, config.runs / row.result["version"]


@pytest.mark.heavy
def test_round_trip(studio: httpx.Client, served: tuple[httpx.Client, str], tmp_path: Path) -> None:
    ours, key = served
    for n in range(COUNT):
        text = f"{'👍𠮷' * (n % 4)}第{n}次\r\n拜访，王总说要等{WORDS[n % 4]}，预算{n + 10}万"
        ok(ours.post("/v1/extractions", json={"note": {"text": text, "sent_at": "2026-03-18T10:20:00+08:00"}}))
    tasks = ok(ours.get("/labelstudio/tasks", params={"limit": COUNT}))
    label_config = ours.get("/labelstudio/config").text
    project = ok(studio.post("/api/projects", json={"title": "销售笔记", "label_config": label_config}))["id"]
    base = str(ours.base_url).rstrip("/")
    backend = {
        "url": f"{base}/labelstudio", "project": project, "title": "FieldNote", "auth_method": "BASIC_AUTH",
        "basic_auth_user": "fieldnote", "basic_auth_pass": key,
    }  # fmt: skip
    backend_id = ok(studio.post("/api/ml/", json=backend))["id"]
    hook = {
        "url": f"{base}/labelstudio/webhook", "project": project, "send_payload": True,
        "send_for_all_actions": True, "headers": {"Authorization": f"Bearer {key}"},
    }  # fmt: skip
    ok(studio.post("/api/webhooks/", json=hook))
    ok(studio.post(f"/api/projects/{project}/import", json=tasks))
    asked = ok(studio.post(f"/api/ml/{backend_id}/predict/test", params={"random": "true"}))
    assert asked["response"][0]["result"], asked
    export = f"/api/projects/{project}/export"
    stored = ok(studio.get(export, params={"exportType": "JSON", "download_all_tasks": "true"}))
    ids = {row["data"]["note_id"]: row["id"] for row in stored}
    wanted = {}
    for task in tasks:
        wanted[task["data"]["note_id"]] = result = corrected(task)
        ok(studio.post(f"/api/tasks/{ids[task['data']['note_id']]}/annotations/", json={"result": result}))
    back = FORMATS["labelstudio"].read(studio.get(export, params={"exportType": "JSON"}).content)
    assert {r.id: {(m.field, *s) for m in r.marks for s in m.spans} for r in back} == {
        note: places(result) for note, result in wanted.items()
    }
    until(lambda: not ok(ours.get("/labelstudio/tasks")), "webhooks arrive")
    examples = [json.loads(line) for line in ours.get("/v1/examples").text.splitlines()[1:]]
    assert len(examples) == COUNT
    for example in examples:
        found = {(m["field"], e["start"], e["end"]) for m in example["marks"] for e in m["evidence"]}
        assert example["complete"]
        assert [m["value"] for m in example["marks"] if m["field"] == "budget_amount"] == [{"min": 70000, "max": 70000}]
        assert found == places(wanted[example["id"]])
    job, run = retrained(ok(ours.post("/v1/models/retrain", json={}))["id"], tmp_path)
    assert job.result["data"]["train"]["complete"] == COUNT
    assert (run / "weights.pt").exists(), job.result["gate"]
    taught = {note.id: note for note in read_notes(run / "people.jsonl")}
    assert {name: {(m.field, m.start, m.end) for m in note.marks} for name, note in taught.items()} == {
        name: places(result) for name, result in wanted.items()
    }
    values = {e["id"]: {m["value"] for m in e["marks"] if m["field"] == "budget_source"} for e in examples}
    assert {n: {m.value for m in note.marks if m.field == "budget_source"} for n, note in taught.items()} == values
