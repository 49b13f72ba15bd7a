"""What must be looked at again: a confirmed value, and beside it what a newer note says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from extractor.contract import Contract
from service.pages.values import shown_of, title_of
from service.store import questions as store
from service.store import reconfirm


@dataclass(frozen=True, slots=True)
class Again:
    """A value that holds (`old`, confirmed by whom and when), until when to decide, and what speaks against it: the
    suggestion's `new` value, or, where the note only takes it back, its `words`. `data` is the open question."""

    data: Mapping[str, Any]
    title: str
    old: str
    new: str | None = None

    @property
    def words(self) -> str:
        return "…".join(w["text"] for w in self.data["evidence"] if w.get("text"))


def again_of(contract: Contract, data: Mapping[str, Any], new: str | None = None) -> Again:
    """Of an open question, or of a suggestion that speaks against a value."""
    held = data["contradicts"]
    return Again(data, title_of(contract, data["field"]), shown_of(contract, data["field"], held["value"]), new)


def questions(
    connection: Connection, contract: Contract, tenant: str, author: str | None = None, *, extraction: str | None = None
) -> list[Again]:
    """The open questions, soonest due first; of one extraction those that no suggestion of it asks."""
    if extraction is not None:
        return [again_of(contract, row) for row in store.retractions(connection, tenant, extraction)]
    found = reconfirm.waiting(connection, tenant, author=author)
    new = store.rivals(connection, tenant, [row["suggestion_id"] for row in found if row["suggestion_id"]])
    return [again_of(contract, row, new.get(row["suggestion_id"])) for row in found]
