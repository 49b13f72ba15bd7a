"""`/v1/settings`: what a tenant has set for itself."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from service.preferences import Preferences, preferences_of
from service.routes.access import Admin, Manager
from service.store import tenants

router = APIRouter(prefix="/v1/settings")


@router.get("", response_model=Preferences)
def read(request: Request, caller: Manager) -> dict[str, Any]:
    """The morning digest and the retention of texts."""
    with request.app.state.database.read() as connection:
        return preferences_of(tenants.settings_of(connection, caller.tenant)).model_dump()


@router.put("", response_model=Preferences)
def write(request: Request, body: Preferences, caller: Admin) -> dict[str, Any]:
    """Replace them; audited."""
    with request.app.state.database.write() as connection:
        held = tenants.settings_of(connection, caller.tenant)
        tenants.change(connection, caller.tenant, {**held, **body.model_dump()}, by=caller.name)
    return body.model_dump()
