"""`fieldnote releases`: a version for all tenants, for one of them, and back."""

from __future__ import annotations

from fastapi.testclient import TestClient
from typer.testing import CliRunner

from extractor.pipeline import Engine
from service.app import create_app
from service.cli import app
from service.settings import Settings
from service.store.keys import create_key
from tests.service.releasing import version, worse


def test_a_version_serves_all_tenants_but_those_with_their_own(rules: Engine, tmp_path, monkeypatch):
    registry, url = tmp_path / "versions", f"sqlite:///{tmp_path}/f.db"
    for name, change in (("two", None), ("three", None), ("bad", worse)):
        version(registry, name, bias=-0.5 if name == "two" else 0.3, scores=change)
    monkeypatch.setenv("FIELDNOTE_REGISTRY", str(registry))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*args: str):
        return CliRunner().invoke(app, ["releases", *args, "--database-url", url])

    made = create_app(rules, Settings(database_url=url, worker=False, registry=registry))
    with TestClient(made) as client:
        keys = {}
        for tenant in ("demo", "other"):
            with made.state.database.write() as connection:
                key = create_key(connection, tenant, ["manage"])
            keys[tenant] = {"Authorization": f"Bearer {key}"}

        def serving(tenant: str) -> str:
            made.state.engines.refresh()
            return client.get("/v1/models", headers=keys[tenant]).json()["serving"]["model"]

        before = serving("demo")
        assert "two 已给所有租户用上" in run("start", "two").stdout
        assert run("start", "three", "--tenant", "demo").exit_code == 0
        assert (serving("demo"), serving("other")) == ("three", "two")
        assert run("start", "bad").exception.code == "model.refused"
        assert run("start", "two", "--tenant", "nobody").exception.code == "tenant.not_found"
        assert run("start", "bad", "--mode", "shadow").exit_code == 0, "unseen, it may run"
        assert "bad 已停" in run("stop", "--mode", "shadow").stdout
        shown = run("list").stdout
        assert all(word in shown for word in ("所有租户", "two", "shadow", "cli"))
        assert "three" not in shown
        assert "已退回到设置里的模型" in run("stop", "--tenant", "demo").stdout
        assert serving("demo") == "two"
        run("stop")
        assert {serving("demo"), serving("other")} == {before}
