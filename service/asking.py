"""How a tenant asks for marks: the mix of its queue, and the share of notes that two people mark."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from annotation.queue import Mix, default_mix, read_mix
from extractor.errors import ContractError
from service.problems import ServiceError
from service.store import tenants
from service.store.keys import Caller

KEY = "annotation"  # where a tenant's settings hold {"mix", "double"}
DOUBLE = 0.2  # share of notes that two people mark


def settings_of(connection: Connection, tenant: str) -> tuple[Mix, float]:
    """The tenant's mix and its share of notes that two people mark, or the shipped ones."""
    own = tenants.settings_of(connection, tenant).get(KEY, {})
    return (read_mix(own["mix"]) if own.get("mix") else default_mix()), float(own.get("double", DOUBLE))


def set_settings(connection: Connection, caller: Caller, mix: Mapping[str, float] | None, double: float) -> None:
    """A tenant's own mix (None: the shipped one) and share. Raises ServiceError 422 for a mix out of shape."""
    try:
        checked = None if mix is None else read_mix(dict(mix))
    except ContractError as error:
        raise ServiceError(422, "annotation.mix", error.cure) from None
    settings = tenants.settings_of(connection, caller.tenant)
    own = {"mix": dict(mix) if checked and mix else None, "double": double}
    tenants.change(connection, caller.tenant, {**settings, KEY: own}, by=caller.name)
