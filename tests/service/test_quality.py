"""Figures per team, week and reason; keys, users and the audit log over `/v1`. On SQLite and PostgreSQL."""

from __future__ import annotations

from sqlalchemy import text


def test_figures_per_team_rep_field_week_and_reason(door):
    for name, team in (("小李", "华东"), ("小王", None)):
        made = door.client.post("/v1/users", json={"name": name, "role": "rep", "team": team})
        assert made.status_code == 201, made.text
    east = door.note("王总说要等财政拨款", author="小李")
    door.note("预算八十万", author="小王", customer="天成")
    reject = {"field": "budget_source", "action": "reject", "reason": "客户没说"}
    door.decide(east, reject, {"field": "contact_person", "action": "confirm"})
    found = door.client.get("/v1/quality").json()
    assert {name: row["suggestions"] for name, row in found["teams"].items()} == {"?": 1, "华东": 3}
    assert found["reasons"] == {"客户没说": 1}
    assert [row["suggestions"] for row in found["weeks"].values()] == [4]
    (tenth,) = found["calibration"]
    assert (tenth["decided"], tenth["accepted"]) == (2, 0.5)
    for asked, count in (
        ({"team": "华东"}, 3),
        ({"rep": "小王"}, 1),
        ({"field": "budget_source"}, 1),
        ({"team": "?"}, 1),
    ):
        narrowed = door.client.get("/v1/quality", params=asked).json()
        assert narrowed["total"]["suggestions"] == count, asked
    one = door.client.get("/v1/quality", params={"field": "contact_person"}).json()
    assert one["completeness"] == 1.0


def test_a_password_is_reset_and_nobody_locks_themselves_out(door):
    made = door.client.post("/v1/users", json={"name": "小李", "role": "rep"}).json()
    path = f"/v1/users/{made['id']}"
    again = door.client.patch(path, json={"password": "reset", "role": "manager", "team": "华东"}).json()
    assert (again["role"], again["team"], again["active"]) == ("manager", "华东", True)
    assert again["password"] != made["password"]
    assert door.client.patch(path, json={"password": "disable"}).json()["active"] is False
    assert door.client.post("/v1/users", json={"name": "小李", "role": "rep"}).status_code == 409
    other = door.key("other")
    assert door.client.patch(path, json={"role": "admin"}, headers=other).status_code == 404
    assert door.client.get("/v1/users", headers=other).json() == {"users": []}
    manager = door.key("demo", "manage")
    assert door.client.get("/v1/users", headers=manager).status_code == 403
    assert "password" not in door.client.get("/v1/users").text


def test_a_key_is_made_listed_and_revoked(door):
    made = door.client.post("/v1/keys", json={"name": "CRM", "scopes": ["extract"], "days": 1, "team": "华东"}).json()
    (row,) = [k for k in door.client.get("/v1/keys").json()["keys"] if k["name"] == "CRM"]
    assert made["key"] not in str(row)
    assert (row["team"], row["revoked_at"]) == ("华东", None)
    assert door.client.delete(f"/v1/keys/{row['id']}", headers=door.key("other")).status_code == 404
    assert door.client.delete(f"/v1/keys/{row['id']}").status_code == 200
    headers = {"Authorization": f"Bearer {made['key']}"}
    assert door.client.get("/v1/inbox", headers=headers).status_code == 401


def test_the_audit_log_is_paged_filtered_and_verified(door):
    for n in range(3):
        door.note("预算八十万", customer=f"c{n}")
    first = door.client.get("/v1/audit", params={"action": "extraction", "limit": 2}).json()
    rest = door.client.get("/v1/audit", params={"action": "extraction", "limit": 2, "before": first["next"]}).json()
    numbers = [e["seq"] for e in (*first["entries"], *rest["entries"])]
    assert numbers == sorted(numbers, reverse=True)
    assert (len(numbers), rest["next"]) == (3, None)
    assert door.client.post("/v1/audit/verification").json()["holds"] is True
    with door.database.write() as connection:
        connection.execute(text("UPDATE audit SET object = 'x' WHERE seq = 2"))
    broken = door.client.post("/v1/audit/verification").json()
    assert [b["seq"] for b in broken["breaks"]] == [2]
