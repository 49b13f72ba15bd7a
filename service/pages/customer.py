"""Customers: who has confirmed values, what holds now, and how each value came to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from extractor.contract import Contract
from service.pages.marks import Mark, Piece, pieces
from service.pages.render import NavLink, page
from service.pages.session import RepPage
from service.pages.values import shown_of, title_of
from service.store import audit, confirmed, privacy, waiting
from service.store.lineage import lineage

NAV = (NavLink("/customers", "customer.list", "confirm"),)
PAGE = 50
Node = Mapping[str, Any]
Below = Mapping[str, list[Node]]  # what each node came from
Name = Annotated[str, Query(min_length=1, max_length=200)]
router = APIRouter()


@dataclass(frozen=True, slots=True)
class Step:
    """A decision that a value rests on: on which suggestion, in which note; `pieces` is the note with its evidence."""

    decision: Node
    suggestion: Node
    note: Node | None
    pieces: list[Piece]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """One value of a field's past, what it rests on, and when a newer note put it in question."""

    value: Node
    shown: str
    steps: list[Step]
    questions: list[Node]


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
    """What holds now. The reading is audited as in the API."""
    contract: Contract = request.app.state.engines.contract_of(visitor.caller.tenant)
    caller = visitor.caller
    with request.app.state.database.write() as connection:
        rows = [privacy.shown(row) for row in confirmed.current(connection, caller.tenant, name)]
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
    """A field's past as a timeline, newest value first, each with the words it rests on. Audited as in the API."""
    contract: Contract = request.app.state.engines.contract_of(visitor.caller.tenant)
    caller = visitor.caller
    with request.app.state.database.write() as connection:
        graph = lineage(connection, caller.tenant, name, field)
        thing = privacy.pseudonym(name)
        audit.record(connection, caller.tenant, caller.name, "customer.lineage", thing, {"field": field})
    title = title_of(contract, field)
    versions = timeline(contract, field, graph, title)
    return page(request, "lineage.html", visitor, name=name, field=field, title=title, versions=versions)


def timeline(contract: Contract, field: str, graph: Node, title: str) -> list[Version]:
    """The graph of a field's lineage, read along its edges into one entry per value, newest first."""
    nodes = {node["id"]: node for node in graph["nodes"]}
    below: dict[str, list[Node]] = {name: [] for name in nodes}
    for edge in graph["edges"]:
        if edge.get("kind") != "replaces":
            below[edge["from"]].append(nodes[edge["to"]])
    return [
        Version(
            value, shown_of(contract, field, value["value"]),
            [_step(node, below, field, title) for node in _of(below, value, "decision")],
            _of(below, value, "reconfirmation"),
        )
        for value in graph["nodes"] if value["kind"] == "value"
    ]  # fmt: skip


def _of(below: Below, node: Node, *kinds: str) -> list[Node]:
    return [found for found in below[node["id"]] if found["kind"] in kinds]


def _step(decision: Node, below: Below, field: str, title: str) -> Step:
    """Evidence that somebody gave with a correction goes before that of the suggestion."""
    suggestion = _of(below, decision, "suggestion")[0]
    evidence = _of(below, decision, "evidence") or _of(below, suggestion, "evidence")
    note = next((note for words in evidence for note in _of(below, words, "note")), None)
    marks = [Mark(words["start"], words["end"], field, title) for words in evidence]
    drawn = pieces(note["text"], marks) if note and note["text"] is not None else []
    sources = tuple(node["source"] for node in _of(below, suggestion, "rule", "model"))
    return Step(decision, suggestion, note, drawn, sources)
