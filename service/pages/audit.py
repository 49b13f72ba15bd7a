"""The audit log: filtered, paged; the chain is verified on request."""

from __future__ import annotations

import json
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from service.pages.render import NavLink, page
from service.pages.session import ManagerPage
from service.store import audit as store
from service.store.audit import Wanted

NAV = (NavLink("/audit", "audit.title", "manage"),)
PAGE = 50
Part = Annotated[str, Query(max_length=200)]
router = APIRouter()


@router.get("/audit")
def audit(
    request: Request, visitor: ManagerPage, actor: Part = "", action: Part = "", thing: Part = "",
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:  # fmt: skip
    """A page of entries, newest first."""
    wanted = Wanted(actor.strip(), action.strip(), thing.strip())
    with request.app.state.database.read() as connection:
        rows = store.entries(connection, visitor.caller.tenant, wanted, before=before, limit=PAGE + 1)
    asked = {"actor": actor, "action": action, "thing": thing}
    older = urlencode({**asked, "before": rows[PAGE - 1]["seq"]}) if len(rows) > PAGE else ""
    told = [
        {**row, "told": json.dumps(row["details"], ensure_ascii=False) if row["details"] else ""} for row in rows[:PAGE]
    ]
    return page(request, "audit.html", visitor, speak=("audit",), rows=told, asked=asked, older=older)
