"""Lineage: from a confirmed value back to the words in the note, and through every earlier value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, select

from service.problems import ServiceError
from service.store import confirmed, suggestions
from service.store.tables import decisions, extractions, notes
from service.store.tables import suggestions as table

Node = dict[str, Any]
Edge = dict[str, str]


def lineage(connection: Connection, tenant: str, customer: str, field: str) -> dict[str, Any]:
    """`{"nodes", "edges"}`, newest value first. An edge leads from a thing to what it came from.

    Raises ServiceError 404 where the customer never had a value of that field.
    """
    rows = confirmed.history(connection, tenant, customer, field)
    if not rows:
        raise ServiceError(404, "field.not_found", "这个客户还没有这个字段的确认值")
    nodes: dict[str, Node] = {}
    edges: dict[tuple[str, str], Edge] = {}
    newer: str | None = None
    for row in rows:
        for node, parent in _chain(connection, row):
            nodes.setdefault(node["id"], node)
            if parent:
                edges.setdefault((parent, node["id"]), {"from": parent, "to": node["id"]})
        if newer:
            edges[(newer, row.id)] = {"from": newer, "to": row.id, "kind": "replaces"}
        newer = row.id
    return {"customer": customer, "field": field, "nodes": list(nodes.values()), "edges": list(edges.values())}


def _chain(connection: Connection, row: Row[Any]) -> Iterator[tuple[Node, str | None]]:
    """Each node of one value's past with the node it is reached from."""
    yield (
        {
            "kind": "value", "id": row.id, "value": row.value, "version": row.version, "current": row.current,
            "confirmed_at": row.confirmed_at.isoformat(), "confirmed_by": row.confirmed_by,
        },
        None,
    )  # fmt: skip
    suggestion = connection.execute(select(table).where(table.c.id == row.suggestion)).one()
    decision = connection.execute(select(decisions).where(decisions.c.id == row.decision)).one()
    yield (
        {
            "kind": "decision", "id": decision.id, "action": decision.action, "by": decision.by,
            "at": decision.at.isoformat(), "channel": decision.channel, "reason": decision.reason,
        },
        row.id,
    )  # fmt: skip
    data = suggestion.data
    yield (
        {
            "kind": "suggestion", "id": suggestion.id, "value": data["value"], "confidence": data["confidence"],
            "basis": data["basis"], "claim": data["claim"], "why": data["why"],
            "state": suggestions.state_of(suggestion),
        },
        decision.id,
    )  # fmt: skip
    extraction = connection.execute(select(extractions).where(extractions.c.id == suggestion.extraction)).one()
    note = connection.execute(select(notes).where(notes.c.id == extraction.note)).one()
    for number, words in enumerate(data["evidence"]):
        name = f"{suggestion.id}:{number}"
        text = note.text[words["start"] : words["end"]] if note.text is not None else None
        yield {"kind": "evidence", "id": name, **words, "text": text}, suggestion.id
        yield _note(note), name
    for source in data["sources"]:
        kind = "model" if source.startswith("model:") else "rule"
        name = f"{suggestion.id}:{source}"
        version = {"source": source, "bundle": extraction.bundle, "contract": extraction.contract}
        yield {"kind": kind, "id": name, **version}, suggestion.id


def _note(note: Row[Any]) -> Node:
    return {
        "kind": "note", "id": note.id, "text": note.text, "sent_at": note.sent_at, "author": note.author,
        "channel": note.channel, "message_id": note.client_id, "erased": note.erased_at is not None,
    }  # fmt: skip
