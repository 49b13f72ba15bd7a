"""Models over HTTP: versions and the gate, trials side by side, shadows, calibration from decisions, jobs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert, select, update

from annotation.dataset import save
from annotation.gate import Report, refusal
from annotation.retrain import divided
from extractor.pipeline import Engine
from models.train.marks import read_notes
from service.app import create_app
from service.jobs import RETRAIN, JobStarter
from service.settings import Settings
from service.store import jobs, verdicts
from service.store.annotation_tables import annotation_tasks
from service.store.audit import verify
from service.store.database import new_id, now, open_database
from service.store.examples import examples
from service.store.keys import Caller, ensure_tenant
from service.store.release_tables import jobs as job_table
from service.store.release_tables import shadows
from service.store.tables import extractions
from tests.service.conftest import Door
from tests.service.releasing import version, worse

TEXT = "王总说要等财政拨款，预算80万左右"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("registry")
    version(root, "better", bias=-0.5)
    version(root, "worse", scores=worse)
    version(root, "foreign", tenant="other")
    return root


@pytest.fixture
def door(rules: Engine, database_url: str, registry: Path) -> Iterator[Door]:
    settings = Settings(database_url=database_url, worker=False, registry=registry)
    app = create_app(rules, settings)
    with TestClient(app, raise_server_exceptions=False) as client:
        made = Door(app, client, app.state.database)
        client.headers.update(made.key("demo"))
        yield made


def release(door: Door, name: str, mode: str = "live", share: float = 1.0):
    return door.client.post("/v1/models/releases", json={"version": name, "mode": mode, "share": share})


def test_versions_the_gate_and_the_way_back(door: Door):
    assert release(door, "zh-notes-1").status_code == 201
    overview = door.client.get("/v1/models").json()
    assert [v["version"] for v in overview["versions"]] == ["better", "worse", "zh-notes-1"]
    assert overview["serving"]["model"] == "zh-notes-1"
    refused = release(door, "worse")
    assert (refused.status_code, refused.json()["code"]) == (409, "model.refused")
    assert [c["name"] for c in refused.json()["checks"] if not c["passed"]] == ["field.contact_person"]
    assert release(door, "worse", "canary", 0.1).status_code == 201, "a trial is how one finds out"
    assert release(door, "foreign").status_code == 404
    with door.database.write() as connection:
        verdicts.keep_verdict(connection, "demo", "better", "zh-notes-1", refusal("export", "量化丢得太多"))
    assert "量化丢得太多" in release(door, "better").json()["detail"]
    with door.database.write() as connection:
        verdicts.keep_verdict(connection, "demo", "better", "zh-notes-1", Report(()))
    assert release(door, "better").status_code == 409, "a report without checks lets nothing through"
    assert door.client.delete("/v1/models/releases/canary").json()["ref"] == "worse"
    assert door.client.delete("/v1/models/releases/canary").status_code == 404
    assert door.client.post("/v1/models/rollback").json() == {"kind": "model", "serves": None}
    assert door.client.post("/v1/models/rollback").status_code == 404
    assert door.client.get("/v1/models", headers=door.key("demo", "extract")).status_code == 403
    with door.database.read() as connection:
        assert list(verify(connection)) == []


def test_trials_side_by_side_and_shadows_unseen(door: Door):
    """What people do with a canary's suggestions stands beside the incumbent's; a shadow is read and never shown."""
    assert release(door, "better", "canary", 0.5).status_code == 201
    assert release(door, "zh-notes-1", "shadow").status_code == 201
    asked = []
    for n in range(12):
        kept = door.note(TEXT, author=f"rep{n}")
        asked.append(kept)
        said = {"action": "confirm"} if n % 3 else {"action": "reject", "reason": "客户没说"}
        door.decide(kept, {"field": "budget_source", **said})
    door.app.state.shadows.wait()
    figures = door.client.get("/v1/models/adoption").json()
    groups = {row["ref"]: row["decided"] for row in figures["models"]}
    assert set(groups) == {"", "better"}
    assert sum(groups.values()) == 12
    assert sum(row["confirmed"] for row in figures["models"]) == 8
    with door.database.read() as connection:
        hidden = connection.execute(select(shadows)).all()
    assert {row.extraction for row in hidden} == {kept["id"] for kept in asked}
    assert not {row.bundle for row in hidden} & {kept["bundle"] for kept in asked}
    assert sum(row["accepted"]["found"] for row in figures["shadows"]) == 8
    assert sum(row["rejected"]["found"] for row in figures["shadows"]) == 4
    others = door.client.get("/v1/models/adoption", headers=door.key("other")).json()
    assert others == {"models": [], "rules": [], "shadows": []}


def test_calibration_follows_what_people_accept(door: Door):
    """A field that people turn down is promised less from the next answer on; fitting again changes nothing."""

    def promised() -> float:
        note = {"text": "要等财政拨款", "sent_at": "2026-03-18T10:20:00+08:00"}
        fields = door.client.post("/v1/extractions", json={"note": note, "store": False}).json()
        found = [f for f in (*fields["fields"], *fields["unsure"]) if f["field"] == "budget_source"]
        return float(found[0]["confidence"])

    first = promised()
    assert door.client.post("/v1/models/calibration").json()["changed"] is False
    for n in range(36):
        kept = door.note("要等财政拨款", author=f"rep{n}", customer=f"c{n}")
        door.decide(kept, {"field": "budget_source", "action": "reject" if n % 3 else "confirm", "reason": "没说"})
    told = door.client.get("/v1/models/calibration").json()
    assert told["alarm"] is True
    assert [f["field"] for f in told["fields"] if f["alarm"]] == ["budget_source"]
    fitted = door.client.post("/v1/models/calibration").json()
    assert fitted["changed"] is True
    second = promised()
    assert abs(second - 1 / 3) < abs(first - 1 / 3)
    assert door.client.post("/v1/models/calibration").json()["maps"] == fitted["maps"]
    assert promised() == second
    assert door.client.post("/v1/models/calibration/rollback").json()["serves"] is None
    assert promised() == first


def test_one_job_at_a_time(door: Door):
    """Two tenants ask; one runs. A runner that falls silent is replaced, and hears it when it speaks again."""
    other = door.key("other")
    mine = door.client.post("/v1/models/retrain", json={}).json()["id"]
    again = door.client.post("/v1/models/retrain", json={})
    assert (again.status_code, again.json()["id"]) == (409, mine)
    theirs = door.client.post("/v1/models/retrain", json={"promote": True}, headers=other).json()["id"]
    assert door.client.get(f"/v1/jobs/{theirs}").status_code == 404

    def do(call, *given, **named):
        with door.database.write() as connection:
            return call(connection, *given, **named)

    assert do(jobs.next_waiting, RETRAIN) == mine
    assert do(jobs.take, mine, "a") is not None
    assert do(jobs.take, theirs, "b") is None
    assert do(jobs.next_waiting, RETRAIN) is None
    assert do(jobs.tell, mine, "a", progress=0.25, step="fine-tune", detail={"loss": 1.5})
    shown = door.client.get(f"/v1/jobs/{mine}").json()
    assert (shown["state"], shown["progress"], shown["step"]) == ("running", 0.25, "fine-tune")
    do(lambda c: c.execute(update(job_table).values(lease_until=now() - timedelta(seconds=1))))
    assert do(jobs.take, mine, "c") is not None
    assert not do(jobs.tell, mine, "a", progress=0.3, step="fine-tune")
    assert not do(jobs.finish, mine, "a", "done")
    assert door.client.post(f"/v1/jobs/{mine}/cancel").json()["state"] == "cancelling"
    assert not do(jobs.tell, mine, "c", progress=0.3, step="fine-tune")
    assert do(jobs.finish, mine, "c", "cancelled")
    assert door.client.post(f"/v1/jobs/{mine}/cancel").status_code == 409
    assert do(jobs.next_waiting, RETRAIN) == theirs
    assert door.client.post(f"/v1/jobs/{theirs}/cancel", headers=other).json()["state"] == "cancelled"


@pytest.mark.heavy
def test_a_server_starts_the_job_and_hears_how_it_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A child process takes the job; without the corpora it says which folder is missing, and the next may start."""
    monkeypatch.setenv("FIELDNOTE_CORPUS", str(tmp_path / "nowhere"))
    recipe = tmp_path / "retrain.yaml"
    recipe.write_text(f"name: retrain\nruns: {tmp_path}/runs\n", encoding="utf-8")
    url = f"sqlite:///{tmp_path}/jobs.db"
    database = open_database(url)
    settings = Settings(database_url=url, registry=tmp_path / "registry", retrain=recipe)
    with database.write() as connection:
        ensure_tenant(connection, "demo")
        made = jobs.create(connection, Caller("demo", "m", frozenset({"manage"})), RETRAIN, {})
    starter = JobStarter(database, settings)
    assert starter.step() == made["id"]
    assert starter.step() is None, "one child at a time"
    assert starter.wait() == 1
    with database.read() as connection:
        told = jobs.job_json(jobs.find(connection, "demo", made["id"]))
        assert (told["state"], "nowhere" in told["error"]) == ("failed", True)
        assert jobs.next_waiting(connection, RETRAIN) is None
    database.close()


def test_notes_teach_what_was_said_of_them(door: Door, tmp_path: Path):
    """A note that an annotator closed is whole; of the others only what a rep decided counts, denials too."""
    texts = ("王总说要等财政拨款", "李工要20台，下周三上门", "👍赵总要贷款")
    whole = door.note(texts[0], author="a", customer="甲")
    named = {f["field"]: f for f in whole["fields"]}
    door.decide(
        whole, {"field": "contact_person", "action": "confirm"},
        {"field": "budget_source", "action": "correct", "value": "专项资金", "evidence": [{"start": 5, "end": 9}]},
        {"field": "decision_cycle", "action": "reject", "reason": "客户没说"},
    )  # fmt: skip
    half = door.note(texts[1], author="a", customer="乙")
    assert len(half["fields"]) > 1
    door.decide(half, {"field": "contact_person", "action": "confirm"})
    marked = door.note(texts[2], author="a", customer="丙")
    final = [{"field": "contact_person", "value": "赵总", "evidence": [{"start": 1, "end": 3}], "certain": True}]
    with door.database.write() as connection:
        note = connection.execute(select(extractions.c.note).where(extractions.c.id == marked["id"])).scalar_one()
        values = {"id": "t1", "tenant": "demo", "note": note, "position": 0, "strategy": "random", "double": False}
        connection.execute(
            insert(annotation_tasks).values(
                **values,
                state="closed",
                outcome="single",
                final=final,
                contract="c",
                created_at=now(),
                closed_at=now(),
                closed_by="b",
            )
        )

    def frozen() -> list:
        with door.database.read() as connection:
            save(divided(examples(connection, "demo")), folder := tmp_path / new_id())
        return read_notes(folder / "train.jsonl")

    first, part, second = sorted(frozen(), key=lambda n: texts.index(n.text))
    assert [n.partial for n in (first, part, second)] == [True, True, False]
    assert [part.text[m.start : m.end] for m in part.marks] == ["李工"]
    assert {(m.field, first.text[m.start : m.end], m.value) for m in first.marks} == {
        ("contact_person", "王总", named["contact_person"]["value"]), ("budget_source", "财政拨款", "专项资金"),
    }  # fmt: skip
    assert [second.text[m.start : m.end] for m in second.marks] == ["赵总"]
    assert door.client.delete("/v1/customers/丙").status_code == 200
    assert len(frozen()) == 2
