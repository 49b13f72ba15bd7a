"""Keys end at their time, are renewed with an overlap, and say in the list how they stand."""

from __future__ import annotations

from datetime import timedelta

from typer.testing import CliRunner

from service.cli import app
from service.store.database import now
from service.store.keys import create_key


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_a_key_ends_at_its_time(door):
    with door.database.write() as connection:
        ended = create_key(connection, "demo", ["extract"], expires_at=now() - timedelta(seconds=1))
        alive = create_key(connection, "demo", ["extract"], expires_at=now() + timedelta(hours=1))
    assert [door.client.get("/v1/inbox", headers=bearer(key)).status_code for key in (ended, alive)] == [401, 200]


def test_a_renewed_key_is_like_the_old_which_goes_when_its_grace_is_over(door):
    made = {"name": "CRM", "scopes": ["extract", "confirm"], "days": 30, "team": "华东"}
    old = door.client.post("/v1/keys", json=made).json()["key"]
    (listed,) = [k for k in door.client.get("/v1/keys").json()["keys"] if k["name"] == "CRM"]
    path = f"/v1/keys/{listed['id']}/rotate"
    new = door.client.post(path, json={"hours": 24}).json()["key"]
    assert [door.client.get("/v1/inbox", headers=bearer(key)).status_code for key in (old, new)] == [200, 200]
    second = next(k for k in door.client.get("/v1/keys").json()["keys"] if k["name"] == "CRM" and k != listed)
    assert (second["scopes"], second["team"]) == (made["scopes"], made["team"])
    newest = door.client.post(f"/v1/keys/{second['id']}/rotate", json={"hours": 0}).json()["key"]
    assert door.client.get("/v1/inbox", headers=bearer(newest)).status_code == 200
    assert door.client.post(f"/v1/keys/{second['id']}/rotate", json={}).json()["code"] == "key.not_found"
    entries = [e["action"] for e in door.client.get("/v1/audit").json()["entries"]]
    assert entries.count("key.rotate") == 2


def test_command_line(tmp_path):
    def run(*args: str) -> str:
        where = ("--tenant", "demo", "--database-url", f"sqlite:///{tmp_path}/f.db")
        answer = CliRunner().invoke(app, ["keys", *args, *where])
        assert answer.exit_code == 0, answer.output
        return answer.stdout.strip()

    first = run("create", "--scopes", "extract", "--name", "CRM")
    name = run("list").split()[0]
    second = run("rotate", name, "--hours", "0")
    assert second.startswith("fn_")
    assert second != first
    old, new = run("list").splitlines()
    assert "已过期" in old
    assert new.endswith("CRM  extract  有效")
    run("revoke", new.split()[0])
    assert run("list").splitlines()[1].endswith("停用")
