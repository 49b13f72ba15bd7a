"""Triggers over HTTP: a dry run on past confirmations, then published for the tenant alone."""

from __future__ import annotations

WHEN = "value == '政府拨款' && 'expansion_plan' in values"
YAML = f'triggers: [{{name: 拨款客户, field: budget_source, when: "{WHEN}", then: {{action: call_back, text: 回访}}}}]'


def confirmed(door, text: str, customer: str, *fields: str) -> None:
    answer = door.note(text, customer=customer)
    done = door.decide(answer, *({"field": field, "action": "confirm"} for field in fields))
    assert done.status_code == 200, done.text


def test_a_dry_run_replays_the_confirmations_in_their_order(door):
    confirmed(door, "打算再上两条产线", "甲厂", "expansion_plan")
    confirmed(door, "王总说要等财政拨款", "甲厂", "budget_source")
    confirmed(door, "王总说要等财政拨款", "乙厂", "budget_source")
    confirmed(door, "打算再上两条产线", "乙厂", "expansion_plan")
    answer = door.client.post("/v1/triggers/try", json={"yaml": YAML}).json()
    (run,) = answer["triggers"]
    assert (answer["confirmations"], run["seen"], run["fired"], run["undecided"]) == (4, 2, 1, 0)
    assert [e["customer"] for e in run["examples"]] == ["甲厂"]
    newest = door.client.post("/v1/triggers/try", json={"yaml": YAML, "limit": 2}).json()
    assert (newest["confirmations"], newest["triggers"][0]["fired"]) == (2, 0)
    taken = door.note("王总说要等财政拨款", customer="甲厂2")
    door.decide(taken, {"field": "budget_source", "action": "confirm"})
    door.decide(taken, {"field": "budget_source", "action": "undo"})
    assert door.client.post("/v1/triggers/try", json={"yaml": YAML}).json()["confirmations"] == 4
    kept = door.client.get("/v1/triggers").json()
    assert (kept["own"], kept["versions"], kept["shipped"][0]["name"]) == (False, [], "扩张计划送咨询包")


def test_published_triggers_are_in_force_for_their_tenant_alone(door):
    answer = door.client.post("/v1/triggers", json={"yaml": YAML})
    assert (answer.status_code, answer.json()["version"]) == (201, 1)
    confirmed(door, "打算再上两条产线", "甲厂", "expansion_plan")
    confirmed(door, "王总说要等财政拨款", "甲厂", "budget_source")
    assert fired(door) == ["call_back"], "the contract's own trigger on a plan is no longer in force"
    other = door.key("other")
    note = {"text": "打算再上两条产线", "sent_at": "2026-03-18T10:20:00+08:00", "customer": "丙厂"}
    kept = door.client.post("/v1/extractions", json={"note": note}, headers=other).json()
    door.decide(kept, {"field": "expansion_plan", "action": "confirm"}, **other)
    assert fired(door, "other") == ["send_material"]


def fired(door, tenant: str = "demo") -> list[str]:
    from sqlalchemy import select

    from service.store.tables import outbox

    with door.database.read() as connection:
        rows = connection.execute(select(outbox).where(outbox.c.tenant == tenant).order_by(outbox.c.seq)).all()
    return [r.body["data"]["action"] for r in rows if r.type == "strategy.triggered"]


def test_triggers_that_cannot_work_are_refused_with_key_and_cure(door):
    answer = door.client.post("/v1/triggers", json={"yaml": YAML.replace("expansion_plan", "nope")}).json()
    assert (answer["code"], answer["key"]) == ("contract.invalid", "triggers.0.when")
    for yaml in ("triggers: [", "[" * 5000, "2026-13-45", ""):
        assert door.client.post("/v1/triggers/try", json={"yaml": yaml}).status_code == 422
