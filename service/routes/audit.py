"""`/v1/audit`: the audit log, newest first, and whether its chain holds."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from service.routes.access import Manager
from service.store import audit

router = APIRouter(prefix="/v1/audit")
Part = Annotated[str | None, Query(max_length=200)]


@router.get("")
def entries(
    request: Request, caller: Manager, actor: Part = None, action: Part = None, thing: Part = None,
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None, limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:  # fmt: skip
    """Entries that begin so; `next` goes into `before` for the next page."""
    wanted = audit.Wanted(actor or "", action or "", thing or "")
    with request.app.state.database.read() as connection:
        rows = audit.entries(connection, caller.tenant, wanted, before=before, limit=limit + 1)
    return {"entries": rows[:limit], "next": rows[limit - 1]["seq"] if len(rows) > limit else None}


@router.post("/verification")
def verify(request: Request, caller: Manager) -> dict[str, Any]:
    """Walk the tenant's whole chain: where it does not hold."""
    with request.app.state.database.read() as connection:
        breaks = [{"seq": b.seq, "what": b.what} for b in audit.verify(connection, caller.tenant)]
        last = audit.last(connection, caller.tenant)
    return {"holds": not breaks, "entries": last, "breaks": breaks[:100]}
