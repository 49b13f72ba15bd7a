"""Lineage: from a confirmed value back to the words in the note, and through every earlier value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, select

from service.problems import ServiceError
from service.store import confirmed, reconfirm, suggestions
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
    for asked in reconfirm.of_value(connection, row.id):
        yield _question(asked), row.id
    for name in dict.fromkeys((row.decision, *_also(connection, row))):
        yield from _decided(connection, name, row.id)


def _also(connection: Connection, row: Row[Any]) -> list[str]:
    """Other decisions that still stand for the same value of the same customer."""
    query = (
        select(decisions)
        .join(table, table.c.id == decisions.c.suggestion)
        .where(
            table.c.tenant == row.tenant, table.c.customer == row.customer, table.c.field == row.field,
            table.c.state.in_(confirmed.STANDS), decisions.c.action.in_(("confirm", "correct")),
        )
        .order_by(decisions.c.at, decisions.c.id)
    )  # fmt: skip
    last = {d.suggestion: d for d in connection.execute(query)}
    return [d.id for d in last.values() if d.value == row.value]


def _question(asked: Row[Any]) -> Node:
    return {
        "kind": "reconfirmation", "id": asked.id, "why": asked.why, "asked_at": asked.made_at.isoformat(),
        "due_at": asked.due_at.isoformat(), "outcome": asked.outcome, "by": asked.settled_by,
        "settled_at": asked.settled_at.isoformat() if asked.settled_at else None, "extraction_id": asked.extraction,
        "evidence": asked.evidence,
    }  # fmt: skip


def _decided(connection: Connection, name: str, value: str) -> Iterator[tuple[Node, str | None]]:
    """A decision, and from there back to the words."""
    decision = connection.execute(select(decisions).where(decisions.c.id == name)).one()
    suggestion = connection.execute(select(table).where(table.c.id == decision.suggestion)).one()
    yield (
        {
            "kind": "decision", "id": decision.id, "action": decision.action, "by": decision.by,
            "at": decision.at.isoformat(), "channel": decision.channel, "reason": decision.reason,
        },
        value,
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
    for source, shown in ((suggestion.id, data["evidence"]), (decision.id, decision.evidence or ())):
        for number, words in enumerate(shown):
            name = f"{source}:{number}"
            text = note.text[words["start"] : words["end"]] if note.text is not None else None
            yield {"kind": "evidence", "id": name, **words, "text": text}, source
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
