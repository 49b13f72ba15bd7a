"""Fields and values for people, also those that the contract no longer has."""

from __future__ import annotations

from extractor.contract import Contract
from extractor.kinds import KINDS
from extractor.types import Json


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
