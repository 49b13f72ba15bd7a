"""What a manager does with models: see the versions, let one serve, take it back, follow what people accept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row

from annotation import gate
from annotation.drift import drift
from annotation.recalibrate import fit, gap, maps_json
from extractor.errors import ModelError
from models.bundle import SHIPPED, Manifest
from models.registry import manifests
from service.engines import Engines, name_of
from service.problems import ServiceError
from service.store import calibrations, releases, shadows, verdicts
from service.store.keys import Caller
from service.store.releases import Mode, Release


def versions(engines: Engines, connection: Connection, tenant: str) -> list[dict[str, Any]]:
    """Every version this tenant may use, by name, with its scores and the gate's report on it."""
    told = verdicts.latest(connection, tenant)
    found = known(engines, tenant)
    return [
        {
            "version": name,
            "own": _owner(m) is not None,
            "contract": m.made.get("contract"),
            "notes": m.scores.get("notes"),
            "micro": m.scores.get("micro", {}),
            "ece": m.scores.get("ece"),
            "fields": m.scores.get("fields", {}),
            "data": m.made.get("data", {}),
            "dataset": m.made.get("dataset"),
            "verdict": told.get(name),
        }
        for name, m in sorted(found.items())
    ]


def known(engines: Engines, tenant: str | None) -> dict[str, Manifest]:
    """Manifests by version; those trained for other tenants are not there."""
    found = manifests(SHIPPED) | manifests(engines.registry)
    return {name: m for name, m in found.items() if _owner(m) in (None, tenant)}


def _owner(manifest: Manifest) -> str | None:
    """The tenant whose notes a version was trained on, None for a common one."""
    owner: str | None = manifest.made.get("config", {}).get("tenant")
    return owner


def serving(engines: Engines, connection: Connection, tenant: str) -> dict[str, Any]:
    """What answers this tenant now, and what is on trial."""
    rows = [r for r in releases.releases_of(connection, tenant) if r.ended_at is None]
    engine = engines.pick(tenant, "")
    return {"model": name_of(engine), "bundle": engine.bundle, "contract": engine.contract.version,
            "default": name_of(engines.default), "releases": [release_json(r) for r in rows]}  # fmt: skip


def release_json(release: Release) -> dict[str, Any]:
    """A release as clients see it."""
    return {
        "id": release.id, "kind": release.kind, "ref": release.ref, "mode": release.mode, "share": release.share,
        "by": release.by, "all": release.tenant is None, "created_at": release.created_at.isoformat(),
        "ended_at": release.ended_at.isoformat() if release.ended_at else None,
    }  # fmt: skip


def release_model(
    engines: Engines,
    connection: Connection,
    tenant: str | None,
    version: str,
    mode: Mode,
    *,
    by: str,
    share: float = 1.0,
) -> Release:
    """Let a version serve a tenant (None: all without a release of their own). Raises ServiceError: unknown, damaged,
    or refused by the gate.

    A version without a report is judged by its scores against those of what serves now; only live ones have to pass.
    """
    if version not in known(engines, tenant):
        raise ServiceError(404, "model.not_found", f"没有模型版本 {version}")
    try:
        engines.model(version)
    except ModelError as error:
        raise ServiceError(409, "model.broken", str(error)) from None
    if mode == "live":
        report = verdicts.latest(connection, tenant).get(version) or _judged(engines, tenant, version)
        if report is not None and not report["passed"]:
            failed = [c["detail"] or c["name"] for c in report["checks"] if not c["passed"]]
            extra = {"checks": report["checks"]}
            raise ServiceError(409, "model.refused", f"{version} 没有通过闸门：{'；'.join(failed[:3])}", extra=extra)
    return releases.begin(connection, tenant, "model", version, mode, by=by, share=share)


def _judged(engines: Engines, tenant: str | None, version: str) -> dict[str, Any] | None:
    """The gate's word from the scores alone; None where nothing serves yet, or it served before."""
    found, incumbent = known(engines, tenant), name_of(engines.pick(tenant, ""))
    if incumbent not in found or incumbent == version or version == name_of(engines.default):
        return None
    return gate.judge(found[incumbent].scores, found[version].scores).to_json()


def calibration(engines: Engines, connection: Connection, tenant: str) -> dict[str, Any]:
    """Per field what was promised and what people accepted, the alarm, and the maps in use."""
    rows = shadows.decided_rows(connection, tenant)
    shown = list(shadows.promised(rows))
    live = engines.live(tenant, "calibration")
    maps = calibrations.load(connection, live.ref).maps if live else {}
    found = drift(shown)
    return {
        "gap": gap(shown), "decisions": len(shown), "maps": maps_json(maps), "ref": live.ref if live else None,
        "fields": [
            {"field": d.field, "decisions": d.answers, "promised": d.promised, "accepted": d.accepted,
             "chance": d.chance, "alarm": d.alarm}
            for d in found
        ],
        "alarm": any(d.alarm for d in found),
    }  # fmt: skip


def recalibrate(engines: Engines, connection: Connection, caller: Caller) -> dict[str, Any]:
    """Fit the tenant's maps to its people's decisions and let them serve; nothing changes where there are too few."""
    engine = engines.base(caller.tenant)
    rows = shadows.decided_rows(connection, caller.tenant)
    heard = list(shadows.answers(connection, rows, model=name_of(engine)))
    common = engines.live(None, "calibration")
    start = calibrations.load(connection, common.ref) if common else None
    given = start.maps if start and start.base == engine.calibrator.digest else {}
    maps = fit(heard, given)
    if maps == given:
        return {"changed": False, "decisions": len(heard), "maps": maps_json(maps)}
    base = engine.calibrator.digest
    kept = calibrations.keep(connection, caller.tenant, base=base, maps=maps, decisions=len(heard), by=caller.name)
    before = engines.live(caller.tenant, "calibration")
    if before is None or before.ref != kept.id:
        releases.begin(connection, caller.tenant, "calibration", kept.id, "live", by=caller.name)
    return {"changed": True, "ref": kept.id, "decisions": len(heard), "maps": maps_json(maps)}


def adoption(connection: Connection, tenant: str) -> dict[str, Any]:
    """How models, rule packs and shadows fare with this tenant's people, side by side."""
    rows: Sequence[Row[Any]] = shadows.decided_rows(connection, tenant)
    return {
        "models": shadows.adoption(rows, "model"),
        "rules": shadows.adoption(rows, "rules"),
        "shadows": shadows.shadow_agreement(connection, tenant, rows),
    }
