"""`/v1/reconfirmations`: confirmed values that a newer note speaks against, until somebody decides."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict

from service.decide import Desk
from service.routes.access import Decider
from service.store import reconfirm

router = APIRouter(prefix="/v1/reconfirmations")


class LookedAgain(BaseModel):
    """`keep`: the value stays, what spoke against it is rejected. `withdraw`: the value holds no more."""

    model_config = ConfigDict(extra="forbid")
    action: Literal["keep", "withdraw"]


@router.get("")
def waiting(
    request: Request, caller: Decider, author: Annotated[str | None, Query(max_length=200)] = None
) -> dict[str, Any]:
    """The open ones, soonest due first (at most 200)."""
    with request.app.state.database.read() as connection:
        return {"reconfirmations": reconfirm.waiting(connection, caller.tenant, author=author)}


@router.post("/{reconfirmation}")
def decide(
    request: Request, reconfirmation: Annotated[str, Path(max_length=64)], body: LookedAgain, caller: Decider
) -> dict[str, Any]:
    """Decide one; deciding the suggestion itself does as well."""
    desk: Desk = request.app.state.desk
    with request.app.state.database.write() as connection:
        desk.reconfirm(connection, caller, reconfirmation, body.action)
    return {"id": reconfirmation, "action": body.action}
