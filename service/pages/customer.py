"""Customers: who has confirmed values, what holds now, and how each value came to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from extractor.contract import Contract
from extractor.kinds import KINDS
from extractor.types import Json
from service.pages.marks import Mark, Piece, pieces
from service.pages.render import NavLink, page
from service.pages.session import RepPage
from service.store import audit, confirmed, privacy, waiting
from service.store.lineage import lineage

NAV = (NavLink("/customers", "customer.list", "confirm"),)
PAGE = 50
Name = Annotated[str, Query(min_length=1, max_length=200)]
router = APIRouter()


@dataclass(frozen=True, slots=True)
class Version:
    """One value of a field's past: who put it there, on what, in which note; `pieces` is the note with its evidence."""

    value: Mapping[str, Any]
    shown: str
    decision: Mapping[str, Any]
    suggestion: Mapping[str, Any]
    note: Mapping[str, Any] | None
    pieces: list[Piece]
    sources: tuple[str, ...]


@router.get("/customers")
def customers(
    request: Request, visitor: RepPage, q: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[str, Query(max_length=200)] = "",
) -> Response:  # fmt: skip
    """Customers with confirmed values, by name."""
    with request.app.state.database.read() as connection:
        rows = waiting.customers(connection, visitor.caller.tenant, like=q, after=after, limit=PAGE + 1)
    more = urlencode({"q": q, "after": rows[PAGE - 1].customer}) if len(rows) > PAGE else ""
    return page(request, "customers.html", visitor, customers=rows[:PAGE], q=q, more=more)


@router.get("/customer")
def customer(request: Request, visitor: RepPage, name: Name) -> Response:
    """What holds now; phone numbers are masked as in the API. The reading is audited as there."""
    contract: Contract = request.app.state.engine.contract
    caller = visitor.caller
    with request.app.state.database.write() as connection:
        rows = [privacy.shown(row, caller) for row in confirmed.current(connection, caller.tenant, name)]
        audit.record(connection, caller.tenant, caller.name, "customer.read", privacy.pseudonym(name))
    order = {field: number for number, field in enumerate(contract.fields)}
    rows.sort(key=lambda row: order.get(row["field"], len(order)))
    values = [
        {
            **row, "title": title_of(contract, row["field"]), "shown": shown_of(contract, row["field"], row["value"]),
            "lineage": "/customer/lineage?" + urlencode({"name": name, "field": row["field"]}),
        }
        for row in rows
    ]  # fmt: skip
    return page(request, "customer.html", visitor, speak=("customer",), name=name, values=values)


@router.get("/customer/lineage")
def trace(request: Request, visitor: RepPage, name: Name, field: Name) -> Response:
    """A field's past as a timeline, newest value first, each with the words it rests on."""
    contract: Contract = request.app.state.engine.contract
    with request.app.state.database.read() as connection:
        graph = lineage(connection, visitor.caller.tenant, name, field)
    title = title_of(contract, field)
    versions = timeline(contract, field, graph, title)
    return page(request, "lineage.html", visitor, name=name, field=field, title=title, versions=versions)


def title_of(contract: Contract, field: str) -> str:
    """The field's title; its name where the contract no longer has it."""
    return contract.fields[field].title if field in contract.fields else field


def shown_of(contract: Contract, field: str, value: Json) -> str:
    """A value for people. Masked and erased ones, and those of fields long gone, are shown as they are."""
    if value is None:
        return "—"
    if field not in contract.fields or isinstance(value, str):
        return str(value)
    return KINDS[contract.fields[field].kind].display(value)


def timeline(contract: Contract, field: str, graph: Mapping[str, Any], title: str) -> list[Version]:
    """The graph of a field's lineage, read along its edges into one entry per value."""
    nodes = {node["id"]: node for node in graph["nodes"]}
    below: dict[str, list[Mapping[str, Any]]] = {name: [] for name in nodes}
    for edge in graph["edges"]:
        if edge.get("kind") != "replaces":
            below[edge["from"]].append(nodes[edge["to"]])
    values = [node for node in graph["nodes"] if node["kind"] == "value"]
    return [_version(contract, field, value, below, title) for value in values]


def _version(
    contract: Contract, field: str, value: Mapping[str, Any], below: Mapping[str, list[Mapping[str, Any]]], title: str
) -> Version:
    decision = below[value["id"]][0]
    suggestion = below[decision["id"]][0]
    evidence = [node for node in below[suggestion["id"]] if node["kind"] == "evidence"]
    note = next((node for e in evidence for node in below[e["id"]] if node["kind"] == "note"), None)
    marks = [Mark(e["start"], e["end"], field, title) for e in evidence]
    drawn = pieces(note["text"], marks) if note and note["text"] is not None else []
    sources = tuple(n["source"] for n in below[suggestion["id"]] if n["kind"] in ("rule", "model"))
    return Version(value, shown_of(contract, field, value["value"]), decision, suggestion, note, drawn, sources)
