"""The health of the data: charts with a table beside each, and the way from a figure to the notes behind it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from extractor.contract import Contract
from service.pages.render import NavLink, page
from service.pages.session import ManagerPage
from service.store import audit, quality, users
from service.store.database import now
from service.store.quality import Scope

NAV = (NavLink("/board", "board.title", "manage"),)
PERIODS = (7, 30, 90, 365)  # days
MOST = 200  # notes behind a figure
Part = Annotated[str, Query(max_length=200)]
Days = Annotated[int, Query(ge=1, le=366)]
router = APIRouter()


@router.get("/board")
def board(
    request: Request, visitor: ManagerPage, days: Days = 30, rep: Part = "", team: Part = "", field: Part = ""
) -> Response:
    """The figures of a period, narrowed to a rep, team or field."""
    contract: Contract = request.app.state.engines.contract_of(visitor.caller.tenant)
    tenant = visitor.caller.tenant
    end = now()
    scope = Scope(end - timedelta(days=days), end, rep or None, team or None, field or None)
    with request.app.state.database.read() as connection:
        found = quality.quality(connection, tenant, contract, scope)
        teams = users.teams(connection, tenant)
        everybody = quality.authors(connection, tenant)
    titles = {name: f.title for name, f in contract.fields.items()}
    asked = {"days": days, "rep": rep, "team": team, "field": field}

    def behind(**more: Any) -> str:
        """The notes behind a figure."""
        return "/board/notes?" + urlencode({k: v for k, v in {**asked, **more}.items() if v != ""})

    charts = {**{k: found[k] for k in ("weeks", "fields", "calibration", "reasons")}, "titles": titles, "asked": asked}
    given: dict[str, Any] = {"found": found, "titles": titles, "asked": asked, "behind": behind, "charts": charts}
    people: dict[str, Any] = {"reps": everybody, "teams": sorted(set(teams.values())), "periods": PERIODS}
    return page(request, "board.html", visitor, speak=("board",), **given, **people)


@router.get("/board/notes")
def notes(
    request: Request, visitor: ManagerPage, days: Days = 30, rep: Part = "", team: Part = "", field: Part = "",
    state: Part = "", week: Part = "", reason: Part = "",
) -> Response:  # fmt: skip
    """The suggestions behind a figure, newest first, each with the words it rests on; the reading is audited."""
    contract: Contract = request.app.state.engines.contract_of(visitor.caller.tenant)
    tenant, end = visitor.caller.tenant, now()
    scope = Scope(end - timedelta(days=days), end, rep or None, team or None, field or None, state or None)
    with request.app.state.database.write() as connection:
        rows = quality.in_scope(connection, tenant, scope, users.teams(connection, tenant))
        rows = [row for row in rows if not week or quality.week_of(row.created_at) == week]
        why = quality.reasons_of(connection, tenant, rows)
        rows = [row for row in rows if not reason or why.get(row.id) == reason]
        shown = rows[: -MOST - 1 : -1]
        audit.record(connection, tenant, visitor.name, "board.read", "suggestions", {"rows": len(shown)})
    titles = {name: f.title for name, f in contract.fields.items()}
    told = {"rep": rep, "team": team, "field": titles.get(field, field), "week": week, "reason": reason}
    given: dict[str, Any] = {"rows": shown, "count": len(rows), "titles": titles, "why": why, "days": days}
    return page(request, "board_notes.html", visitor, told={k: v for k, v in told.items() if v}, **given)
