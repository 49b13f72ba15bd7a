"""For managers: triggers in force, tried on past confirmations before they are published."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from extractor.contract import Contract
from extractor.kinds import KINDS
from service import sandbox
from service.routes.access import Manager
from service.store import audit, trigger_sets
from service.triggers import Case, Trigger, dry_run_json, read_triggers, triggers_json

router = APIRouter(prefix="/v1/triggers")
FILE = "triggers.yaml"


class TriggersIn(BaseModel):
    """Triggers as YAML: `triggers: [{name, field, when, then: {action, text}}]`."""

    model_config = ConfigDict(extra="forbid")
    yaml: Annotated[str, StringConstraints(max_length=100_000)]


class TryTriggersIn(TriggersIn):
    """The same, and on how many of the newest confirmations."""

    limit: Annotated[int, Field(ge=1, le=20_000)] = 2000


def _read(contract: Contract, yaml: str) -> tuple[Trigger, ...]:
    with sandbox.refusals():
        return read_triggers(yaml, file=FILE, fields=contract.fields)


@router.get("")
def overview(request: Request, caller: Manager) -> dict[str, Any]:
    """The tenant's versions, newest first; without any (`own` is false), the contract's (`shipped`) are in force."""
    with request.app.state.database.read() as connection:
        kept = trigger_sets.versions(connection, caller.tenant)
    return {
        "own": bool(kept),
        "shipped": triggers_json(tuple(request.app.state.strategy.triggers))["triggers"],
        "versions": [
            {"id": v.id, "version": v.version, "by": v.by, "created_at": v.created_at.isoformat(), **v.data}
            for v in kept
        ],
    }


@router.post("/try")
def attempt(request: Request, body: TryTriggersIn, caller: Manager) -> dict[str, Any]:
    """Per trigger, on which past confirmations it would have fired; nothing is sent. The reading is audited."""
    contract: Contract = request.app.state.engines.contract_of(caller.tenant)
    triggers = _read(contract, body.yaml)
    with request.app.state.database.read() as connection:
        cases = list(trigger_sets.past_confirmations(connection, caller.tenant, contract, most=body.limit))
    with request.app.state.database.write() as connection:
        audit.record(connection, caller.tenant, caller.name, "triggers.try", "confirmations", {"rows": len(cases)})
    return {"confirmations": len(cases), "triggers": [_run(contract, t, cases) for t in triggers]}


def _run(contract: Contract, trigger: Trigger, cases: list[Case]) -> dict[str, Any]:
    display = KINDS[contract.fields[trigger.field].kind].display
    run: dict[str, Any] = dry_run_json(trigger, cases)
    return {**run, "examples": [{**e, "display": display(e["value"])} for e in run["examples"]]}


@router.post("", status_code=201)
def publish(request: Request, body: TriggersIn, caller: Manager) -> JSONResponse:
    """These triggers, and no others, are in force for the tenant from now on."""
    triggers = _read(request.app.state.engines.contract_of(caller.tenant), body.yaml)
    with request.app.state.database.write() as connection:
        made = trigger_sets.publish(connection, caller, triggers_json(triggers))
    return JSONResponse({"id": made.id, "version": made.version, "triggers": len(triggers)}, 201)
