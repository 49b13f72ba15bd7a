"""For managers: the health of the data, subscriptions and their deliveries."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from service.problems import ServiceError
from service.routes.access import Manager
from service.schemas import Time, WebhookIn
from service.store import subscriptions
from service.store.database import now
from service.store.quality import Scope, quality

router = APIRouter(prefix="/v1")
When = Annotated[Time | None, Query()]
Name = Annotated[str | None, Query(max_length=200)]


@router.get("/quality")
def figures(
    request: Request, caller: Manager, since: When = None, until: When = None, rep: Name = None, team: Name = None,
    field: Name = None,
) -> dict[str, Any]:  # fmt: skip
    """Data health of a period (the last 30 days by default), whole, per rep, team, field and week."""
    scope = scope_of(since, until, rep=rep, team=team, field=field)
    contract = request.app.state.engines.contract_of(caller.tenant)
    with request.app.state.database.read() as connection:
        return quality(connection, caller.tenant, contract, scope)


def scope_of(since: datetime | None, until: datetime | None, **narrowed: str | None) -> Scope:
    """The last 30 days where nothing else is said. Raises ServiceError 422 for a period that ends before it begins."""
    end = until or now()
    start = since or end - timedelta(days=30)
    if start >= end:
        raise ServiceError(422, "request.period", "since 要早于 until")
    return Scope(start, end, **narrowed)


@router.post("/webhooks", status_code=201)
def subscribe(request: Request, body: WebhookIn, caller: Manager) -> JSONResponse:
    """Subscribe a URL to events; the secret for verifying signatures is shown this one time."""
    allow = request.app.state.settings.webhook_allow_private
    with request.app.state.database.write() as connection:
        made = subscriptions.create(connection, caller, body.url, body.events, allow_private=allow)
    return JSONResponse(made, 201)


@router.get("/webhooks")
def list_subscriptions(request: Request, caller: Manager) -> dict[str, Any]:
    """The tenant's subscriptions, without secrets."""
    with request.app.state.database.read() as connection:
        return {"webhooks": subscriptions.all_of(connection, caller.tenant)}


@router.delete("/webhooks/{subscription}")
def unsubscribe(request: Request, subscription: str, caller: Manager) -> dict[str, Any]:
    """No further events go there."""
    with request.app.state.database.write() as connection:
        subscriptions.close(connection, caller, subscription)
    return {"id": subscription, "closed": True}


@router.get("/deliveries")
def deliveries(
    request: Request, caller: Manager, state: Annotated[str | None, Query(pattern="^(due|done|dead)$")] = None
) -> dict[str, Any]:
    """The latest deliveries, newest first: done, due again, or dead after a day of failures."""
    with request.app.state.database.read() as connection:
        return {"deliveries": subscriptions.deliveries_of(connection, caller.tenant, state=state)}


@router.post("/deliveries/{delivery}/replay")
def replay(request: Request, delivery: str, caller: Manager) -> dict[str, Any]:
    """Deliver once more, now."""
    with request.app.state.database.write() as connection:
        subscriptions.replay(connection, caller, delivery)
    return {"id": delivery, "state": "due"}
