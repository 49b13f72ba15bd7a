"""Write policy: a person, the engine alone, or nobody; per field and tenant."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from service.cli import app
from service.policy import set_policy
from service.problems import ServiceError

cli = CliRunner()
NOTE = "王总说要等财政拨款，下周三上门"


def set_here(door, field: str, mode: str, **given) -> None:
    with door.database.write() as connection:
        set_policy(connection, door.app.state.engine.contract, "demo", field, mode, **given)


def states(answer: dict) -> dict[str, str]:
    return {f["field"]: f["state"] for f in answer["fields"]}


def test_a_person_decides_by_default(door):
    assert set(states(door.note(NOTE)).values()) == {"pending"}


def test_the_engine_writes_alone_above_the_confidence(door):
    set_here(door, "next_visit", "auto", above=0.1)
    answer = door.note(NOTE)
    assert states(answer)["next_visit"] == "confirmed"
    assert states(answer)["budget_source"] == "pending"
    rows = door.client.get("/v1/customers/恒力机械/fields").json()["fields"]
    assert [(r["field"], r["confirmed_by"]) for r in rows] == [("next_visit", "policy:auto")]
    assert states(door.client.get(f"/v1/extractions/{answer['id']}").json()) == states(answer)


def test_what_is_inferred_or_not_confident_enough_waits(door):
    set_here(door, "decision_cycle", "auto", above=0.1)
    set_here(door, "next_visit", "auto", above=1)
    assert set(states(door.note(NOTE)).values()) == {"pending"}


def test_never_is_decided_but_not_written(door):
    set_here(door, "next_visit", "never")
    answer = door.note(NOTE)
    assert door.decide(answer, {"field": "next_visit", "action": "confirm"}).status_code == 200
    assert door.values() == {}


@pytest.mark.parametrize(
    ("field", "mode", "above"),
    [("nothing", "auto", None), ("next_visit", "sometimes", None), ("next_visit", "auto", 2)],
)
def test_a_wrong_policy_is_refused(door, field, mode, above):
    with pytest.raises(ServiceError):
        set_here(door, field, mode, above=above)


def test_command_line(tmp_path):
    url = ["--tenant", "demo", "--database-url", f"sqlite:///{tmp_path}/f.db"]
    assert cli.invoke(app, ["keys", "create", "--scopes", "extract", *url]).exit_code == 0
    assert cli.invoke(app, ["policy", "set", "--field", "next_visit", "--write", "auto", *url]).exit_code == 0
    assert "next_visit  auto  0.97" in cli.invoke(app, ["policy", "list", *url]).stdout
