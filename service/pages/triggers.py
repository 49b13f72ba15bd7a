"""Triggers: what is asked of the CRM when a value is confirmed; drawn from the schema, tried, published, undone."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from extractor.contract import Contract
from service.pages.render import NavLink, page
from service.pages.session import ManagerPage
from service.triggers import trigger_schema

NAV = (NavLink("/triggers", "triggers.title", "manage"),)
MOST = (2000, 20_000)  # confirmations that a dry run replays
HELP = ("value", "values", "field", "today", "days", "first_day", "last_day")
router = APIRouter()


@router.get("/triggers")
def triggers(request: Request, visitor: ManagerPage) -> Response:
    """The workbench; its module asks `/v1/triggers` for everything."""
    contract: Contract = request.app.state.engines.contract_of(visitor.caller.tenant)
    titles = {name: f.title for name, f in contract.fields.items()}
    data = {"schema": trigger_schema(), "titles": titles}
    return page(request, "triggers.html", visitor, speak=("triggers",), data=data, most=MOST, names=HELP, titles=titles)
