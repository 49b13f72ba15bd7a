"""Calibrations fitted from decisions: kept once, never changed, put to use by a release of kind `calibration`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select

from annotation.recalibrate import Maps, digest_of, maps_from_json, maps_json
from extractor.errors import ModelError
from service.store.database import new_id, now
from service.store.release_tables import calibrations


@dataclass(frozen=True, slots=True)
class Calibration:
    """Maps per field over the calibrator whose digest is `base`."""

    id: str
    tenant: str | None
    base: str
    maps: Maps
    decisions: int


def load(connection: Connection, ref: str) -> Calibration:
    """One calibration. Raises ModelError where there is none."""
    row = connection.execute(select(calibrations).where(calibrations.c.id == ref)).first()
    if row is None:
        raise ModelError(f"没有校准 {ref}")
    return Calibration(row.id, row.tenant, row.base, maps_from_json(row.maps), row.decisions)


def keep(connection: Connection, tenant: str | None, *, base: str, maps: Maps, decisions: int, by: str) -> Calibration:
    """A new calibration; the same maps over the same base again are the one that is there."""
    digest = digest_of(base, maps)
    scope = calibrations.c.tenant.is_(None) if tenant is None else calibrations.c.tenant == tenant
    known = connection.execute(select(calibrations.c.id).where(calibrations.c.digest == digest, scope)).scalar()
    if known is not None:
        return load(connection, known)
    values: Mapping[str, Any] = {
        "id": new_id(), "tenant": tenant, "base": base, "maps": maps_json(maps), "digest": digest,
        "decisions": decisions, "by": by, "created_at": now(),
    }  # fmt: skip
    connection.execute(insert(calibrations).values(**values))
    return Calibration(values["id"], tenant, base, maps, decisions)
