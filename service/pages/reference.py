"""The interface for programs, drawn by Swagger UI from our own OpenAPI document."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from service.pages import assets
from service.pages.render import NavLink, page
from service.pages.session import visitor_of

NAV = (NavLink("/docs", "reference.title", "manage"),)
router = APIRouter()


@router.get("/docs")
def reference(request: Request) -> Response:
    """Open to anybody, as `/openapi.json` is."""
    given = {"schema": request.app.openapi_url, "swagger": assets.SWAGGER}
    return page(request, "reference.html", visitor_of(request), **given)
