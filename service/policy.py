"""Who may write a field: a person (`confirm`), the engine itself above a confidence (`auto`), nobody (`never`).

The contract says so per field (`capture.write`, `capture.auto_above`); a tenant may set it otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection

from extractor.contract import Contract, Field
from service.problems import ServiceError
from service.store import tenants

Mode = Literal["confirm", "auto", "never"]
MODES: tuple[Mode, ...] = ("confirm", "auto", "never")
KEY = "write"  # where a tenant's settings hold its policies: {field: {"mode", "above"}}


@dataclass(frozen=True, slots=True)
class Policy:
    """How a field is written; `above` is the least calibrated confidence for `auto`."""

    mode: Mode
    above: float

    def writes_alone(self, found: Mapping[str, Any]) -> bool:
        """Whether a finding needs no person: stated for certain, and confident enough."""
        return self.mode == "auto" and bool(found["certain"]) and found["confidence"] >= self.above


def policy_of(field: Field, settings: Mapping[str, Any]) -> Policy:
    """The tenant's policy of a field, or the contract's."""
    own = settings.get(KEY, {}).get(field.name)
    if own is None:
        return Policy(field.capture.write, field.capture.auto_above)
    return Policy(own["mode"], own.get("above") or field.capture.auto_above)


def set_policy(
    connection: Connection, contract: Contract, tenant: str, field: str, mode: str, *, above: float | None = None
) -> None:
    """A tenant's own policy of a field. Raises ServiceError for an unknown field, mode or confidence."""
    if field not in contract.fields:
        raise ServiceError(422, "policy.field", f"契约里没有字段 {field}")
    if mode not in MODES:
        raise ServiceError(422, "policy.mode", f"写入方式只能是：{'、'.join(MODES)}")
    if above is not None and not 0 < above <= 1:
        raise ServiceError(422, "policy.above", "把握的下限要在 0 与 1 之间，例如 0.97")
    settings = tenants.settings_of(connection, tenant)
    written = {**settings.get(KEY, {}), field: {"mode": mode, "above": above}}
    tenants.change(connection, tenant, {**settings, KEY: written}, by="cli")
