"""规则沙盒: change rules and word lists, see the effect on stored notes, publish for a share, undo; and proposals."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, get_args

from fastapi import APIRouter, Request, Response

from extractor.contract import Contract, Scope
from extractor.kinds import KINDS
from extractor.types import Status
from service.pages.render import NavLink, page
from service.pages.session import ManagerPage
from service.policy import MODES
from service.problems import ServiceError

NAV = (NavLink("/sandbox", "sandbox.title", "manage"),)
SHARES = (1.0, 0.5, 0.2, 0.05)
MOST = (200, 1000, 5000)  # notes a try reads
router = APIRouter()


@router.get("/sandbox")
def sandbox(request: Request, visitor: ManagerPage) -> Response:
    """The workbench; what it shows comes from `/v1/sandbox` and `/v1/proposals`."""
    contract: Contract = request.app.state.engines.contract_of(visitor.caller.tenant)
    return page(
        request, "sandbox.html", visitor, speak=("sandbox",), fields=contract.fields.values(), shares=SHARES,
        most=MOST, modes=MODES, statuses=get_args(Status), scopes=get_args(Scope),
        lexicons=sorted(contract.lexicons), data=_for_script(contract),
    )  # fmt: skip


@router.get("/sandbox/rules")
def shared(request: Request, visitor: ManagerPage) -> dict[str, Any]:
    """Cues and inferences as they serve this tenant, for the forms."""
    contract: Contract = request.app.state.engines.contract_of(visitor.caller.tenant)
    return {"cues": list(map(asdict, contract.cues)), "inferences": list(map(asdict, contract.inferences))}


@router.get("/sandbox/rules/{field}")
def rules(request: Request, field: str, visitor: ManagerPage) -> dict[str, Any]:
    """The rules of a field as they serve this tenant, for the form. Raises ServiceError 404 for an unknown field."""
    found = request.app.state.engines.contract_of(visitor.caller.tenant).fields.get(field)
    if found is None:
        raise ServiceError(404, "field.not_found", "契约里没有这个字段")
    return {"threshold": found.threshold, "rules": list(map(asdict, found.rules))}


def _for_script(contract: Contract) -> dict[str, Any]:
    """What the forms need of each field; its rules come when it is chosen."""
    return {
        name: {"title": f.title, "choices": list(f.values), "control": KINDS[f.kind].control}
        for name, f in contract.fields.items()
    }
