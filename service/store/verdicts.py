"""The gate's reports on candidates, kept beside the versions they are about."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert, select

from annotation.gate import Report
from service.store.database import new_id, now
from service.store.release_tables import verdicts


def keep_verdict(connection: Connection, tenant: str | None, version: str, incumbent: str, report: Report) -> None:
    """Keep a report."""
    values = {"id": new_id(), "tenant": tenant, "version": version, "incumbent": incumbent, "at": now()}
    connection.execute(insert(verdicts).values(**values, passed=int(report.passed), report=report.to_json()))


def latest(connection: Connection, tenant: str | None) -> dict[str, dict[str, Any]]:
    """The newest report on each version: `{"incumbent", "at", "passed", "checks"}`."""
    mine = verdicts.c.tenant.is_(None) | (verdicts.c.tenant == tenant)
    rows = connection.execute(select(verdicts).where(mine).order_by(verdicts.c.at, verdicts.c.id))
    return {row.version: {"incumbent": row.incumbent, "at": row.at.isoformat(), **row.report} for row in rows}
