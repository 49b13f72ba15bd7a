"""Models: versions and the gate's word on each, what serves and what is on trial, calibration, retraining."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response

from service import releases
from service.pages.render import NavLink, page
from service.pages.session import ManagerPage
from service.store import jobs
from service.store import releases as store

NAV = (NavLink("/models", "models.title", "manage"),)
CURVE = Path(__file__).parents[2] / "benchmarks" / "results" / "learning.json"  # measured in a checkout
CHECKS = (
    "comparable", "micro", "rare_fields", "calibration", "regression", "parity.spans", "parity.f1", "latency", "export",
)  # fmt: skip
SHOWN = 3  # versions whose fields stand side by side
router = APIRouter()


@router.get("/models")
def models(request: Request, visitor: ManagerPage) -> Response:
    """Everything about the models of this tenant on one page."""
    engines, tenant = request.app.state.engines, visitor.caller.tenant
    titles = {name: f.title for name, f in engines.contract_of(tenant).fields.items()}
    with request.app.state.database.read() as connection:
        serving = releases.serving(engines, connection, tenant)
        versions = releases.versions(engines, connection, tenant)
        history = [releases.release_json(r) for r in store.releases_of(connection, tenant)][:20]
        given: dict[str, Any] = {
            "serving": serving, "versions": versions, "history": history, "titles": titles,
            "adoption": releases.adoption(connection, tenant), "jobs": jobs.jobs_of(connection, tenant, 5),
            "calibration": releases.calibration(engines, connection, tenant),
        }  # fmt: skip
    compared = _compared(versions, serving["model"])
    fields = sorted({name for v in compared for name in v["fields"]}, key=lambda n: titles.get(n, n))
    curve = _curve()
    charts = {"curve": curve, "jobs": given["jobs"]}
    return page(
        request, "models.html", visitor, speak=("models",), compared=compared, fields=fields, curve=curve,
        charts=charts, checks=CHECKS, **given,
    )  # fmt: skip


def _compared(versions: list[dict[str, Any]], serving: str) -> list[dict[str, Any]]:
    """What serves first, then the newest others."""
    others = [v for v in reversed(versions) if v["version"] != serving]
    return [*(v for v in versions if v["version"] == serving), *others][:SHOWN]


def _curve() -> list[dict[str, Any]]:
    """Points `{"share", "notes", "f1"}` of the learning curve; none where it was not measured here."""
    if not CURVE.is_file():
        return []
    points = json.loads(CURVE.read_text(encoding="utf-8"))["points"]
    return [{"share": float(share), **point} for share, point in sorted(points.items(), key=lambda p: float(p[0]))]
