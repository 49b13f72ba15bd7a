"""试一试: everything the engine sees in a pasted note; nothing is kept, a shared link carries the text itself."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from extractor.pipeline import MAX_NOTE
from service.pages.render import NavLink, page
from service.pages.session import AnyPage

NAV = (NavLink("/try", "try.title", ""),)
SAMPLE = "王总说要等财政拨款，预算八十万左右，下周三带样品上门"
router = APIRouter()


@router.get("/try")
def tryout(request: Request, visitor: AnyPage) -> Response:
    """The form; a link's text comes in the fragment, which no server and no log sees."""
    given = {"longest": MAX_NOTE, "sample": SAMPLE}
    return page(request, "try.html", visitor, speak=("try",), data=given)
