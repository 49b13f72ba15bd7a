"""The annotators' pages: the desk, disputes with the figures of annotation, and the guidelines."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from annotation.agreement import agreements
from annotation.guidelines import general, guides, hot_keys
from extractor.contract import Contract
from service.annotating import Annotating
from service.pages.render import NavLink, page
from service.pages.session import AnnotatorPage, AnyPage, Visitor, page_user
from service.problems import ServiceError
from service.store import annotation as store
from service.store.annotation_figures import pairs, progress

NAV = (NavLink("/annotate", "annotator.title", "annotate"), NavLink("/disputes", "annotator.review", "manage"))
REASONS = ("看不懂", "不是销售笔记", "缺上下文", "含隐私，不该标")
GROUPS = {
    "move": ("caret", "word", "extend", "line"),
    "mark": ("label", "value", "typed", "certain", "start", "end"),
    "pass": ("pick", "accept", "accept_all", "remove", "undo", "finish", "skip"),
}
router = APIRouter()


def _judge(visitor: Annotated[Visitor, Depends(page_user(""))]) -> Visitor:
    if not (visitor.may("annotate") or visitor.may("manage")):
        raise ServiceError(403, "page.role", "你的角色看不到这一页；需要的话请找管理员")
    return visitor


JudgePage = Annotated[Visitor, Depends(_judge)]


@router.get("/annotate")
def desk(request: Request, visitor: AnnotatorPage) -> Response:
    """The desk; its module asks for the next task."""
    contract = request.app.state.engines.contract_of(visitor.caller.tenant)
    return page(
        request, "annotator.html", visitor, speak=("annotator",), groups=GROUPS,
        data={"fields": fields_of(contract), "reasons": REASONS, "who": visitor.name},
    )  # fmt: skip


@router.get("/disputes")
def review(request: Request, visitor: JudgePage) -> Response:
    """What awaits an adjudicator; how far, how fast and how alike people mark."""
    contract = request.app.state.engines.contract_of(visitor.caller.tenant)
    tenant = visitor.caller.tenant
    with request.app.state.database.read() as connection:
        rows = store.disputes(connection, tenant, visitor.name)
        figures = progress(connection, tenant)
        both = pairs(connection, tenant)
    people = figures["annotators"] if visitor.may("manage") else _own(figures["annotators"], visitor)
    return page(
        request, "annotator_review.html", visitor, disputes=rows, figures=figures, people=people, pairs=len(both),
        agreement=agreements(both, contract.fields), titles={n: f.title for n, f in contract.fields.items()},
    )  # fmt: skip


def _own(people: list[dict[str, Any]], visitor: Visitor) -> list[dict[str, Any]]:
    return [p for p in people if p["annotator"] == visitor.name]


@router.get("/disputes/{task}")
def dispute(request: Request, task: str, visitor: JudgePage) -> Response:
    """Both sides of one dispute."""
    engine = request.app.state.engines.pick(visitor.caller.tenant, "")
    with request.app.state.database.read() as connection:
        found = Annotating(engine.contract, engine.extract).dispute(connection, visitor.caller, task)
    data = {**found, "contract": fields_of(engine.contract)}
    return page(request, "annotator_dispute.html", visitor, speak=("annotator",), data=data, found=found)


@router.get("/guidelines")
def guidelines(request: Request, visitor: AnyPage) -> Response:
    """What to mark and what not."""
    contract = request.app.state.engines.contract_of(visitor.caller.tenant)
    return page(request, "annotator_guidelines.html", visitor, rules=general(), guides=guides(contract))


def fields_of(contract: Contract) -> list[dict[str, Any]]:
    """What the desk knows of each field: title, key, choices, what to ask."""
    keys = hot_keys(contract)
    return [
        {
            "name": f.name, "title": f.title, "key": keys.get(f.name, ""), "ask": f.capture.ask,
            "values": [{"value": v, "meaning": m} for v, m in f.values.items()], "definition": f.definition,
        }
        for f in contract.fields.values()
    ]  # fmt: skip
