"""The rep's pages: what awaits me, and the card of one note."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from service.pages.render import NavLink, page
from service.pages.session import RepPage

NAV = (NavLink("/inbox", "rep.inbox", "confirm"),)
router = APIRouter()


@router.get("/inbox")
def inbox(request: Request, visitor: RepPage) -> Response:
    """What awaits a decision, grouped by note."""
    return page(request, "inbox.html", visitor, speak=("rep",))
