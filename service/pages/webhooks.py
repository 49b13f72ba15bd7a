"""Webhooks: subscriptions, deliveries, replay. The page's script asks `/v1` for everything."""

from __future__ import annotations

from typing import get_args

from fastapi import APIRouter, Request, Response

from service.pages.render import NavLink, page
from service.pages.session import ManagerPage
from service.schemas import EventName

NAV = (NavLink("/webhooks", "webhooks.title", "manage"),)
router = APIRouter()


@router.get("/webhooks")
def webhooks(request: Request, visitor: ManagerPage) -> Response:
    """Who hears of what, and whether it arrived."""
    return page(request, "webhooks.html", visitor, speak=("webhooks",), events=get_args(EventName))
