"""Keys, users and the tenant's settings, for administrators. The page's script asks `/v1` for everything."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from service.accounts import ROLES
from service.pages.render import NavLink, page
from service.pages.session import AdminPage
from service.store.keys import SCOPES

NAV = (NavLink("/people", "people.title", "admin"),)
router = APIRouter()


@router.get("/people")
def people(request: Request, visitor: AdminPage) -> Response:
    """Who may come in, and as what."""
    return page(request, "people.html", visitor, speak=("people",), roles=list(ROLES), scopes=SCOPES)
