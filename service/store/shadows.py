"""What shadow releases would have answered, and how the bundles that serve fare with people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from annotation.recalibrate import Answer, Maps, map_of
from service.store import calibrations
from service.store.database import new_id, now
from service.store.release_tables import bundles, shadows
from service.store.tables import decisions, extractions, suggestions

DECIDED = ("confirmed", "corrected", "rejected")
BY_RULE = "policy:%"  # confirmations nobody looked at say nothing


def keep_shadow(connection: Connection, tenant: str, extraction: str, *, bundle: str, fields: Any) -> bool:
    """Keep a shadow's answer for an extraction; False where that is not there (yet)."""
    known = select(extractions.c.id).where(extractions.c.id == extraction, extractions.c.tenant == tenant)
    if connection.execute(known).first() is None:
        return False
    values = {"id": new_id(), "tenant": tenant, "extraction": extraction, "bundle": bundle, "fields": fields}
    connection.execute(insert(shadows).values(**values, at=now()))
    return True


def decided_rows(connection: Connection, tenant: str) -> Sequence[Row[Any]]:
    """Suggestions that people decided, in the order of their decisions, with the bundle that made them."""
    alone = select(decisions.c.suggestion).where(decisions.c.tenant == tenant, decisions.c.by.like(BY_RULE))
    wanted: list[Any] = [
        suggestions.c.field, suggestions.c.state, suggestions.c.data, suggestions.c.decided_at,
        suggestions.c.extraction, extractions.c.bundle, bundles.c.model, bundles.c.rules, bundles.c.calibration,
    ]  # fmt: skip
    query = (
        select(*wanted)
        .join(extractions, extractions.c.id == suggestions.c.extraction)
        .outerjoin(bundles, bundles.c.bundle == extractions.c.bundle)
        .where(suggestions.c.tenant == tenant, suggestions.c.state.in_(DECIDED), suggestions.c.id.not_in(alone))
    )
    return connection.execute(query.order_by(suggestions.c.decided_at, suggestions.c.id)).all()


def adoption(rows: Sequence[Row[Any]], part: str) -> list[dict[str, Any]]:
    """`{"ref", "decided", "confirmed", "corrected", "rejected", "adoption", "promised"}` by `part`: model or rules."""
    groups: defaultdict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        groups[getattr(row, part) or ""].append(row)
    return [{"ref": ref, **_figures(group)} for ref, group in sorted(groups.items())]


def _figures(rows: Sequence[Row[Any]]) -> dict[str, Any]:
    counts = {state: sum(row.state == state for row in rows) for state in DECIDED}
    promised = sum(row.data.get("confidence", 0.0) for row in rows) / len(rows)
    return {
        "decided": len(rows), **counts, "adoption": round(counts["confirmed"] / len(rows), 4),
        "promised": round(promised, 4),
    }  # fmt: skip


def shadow_agreement(connection: Connection, tenant: str, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    """Per shadow bundle: of what people accepted, and of what they rejected, the share the shadow found as well."""
    seen: defaultdict[str, dict[str, list[Any]]] = defaultdict(dict)
    for shadow in connection.execute(select(shadows).where(shadows.c.tenant == tenant)):
        seen[shadow.bundle][shadow.extraction] = [(f["field"], f["value"]) for f in shadow.fields]
    report = []
    for bundle, found in sorted(seen.items()):
        told = [(row.state, (row.field, row.data.get("value")) in found[row.extraction]) for row in rows
                if row.extraction in found]  # fmt: skip
        accepted, rejected = _hits(told, "confirmed"), _hits(told, "rejected")
        report.append({"bundle": bundle, "notes": len(found), "accepted": accepted, "rejected": rejected})
    return report


def _hits(told: Sequence[tuple[str, bool]], state: str) -> dict[str, int]:
    chosen = [hit for outcome, hit in told if outcome == state]
    return {"decided": len(chosen), "found": sum(chosen)}


def answers(connection: Connection, rows: Sequence[Row[Any]], model: str | None = None) -> Iterator[Answer]:
    """What people said, as promised by the calibrator below any maps; of one model only where `model` is given.

    Inferred values are left out: their confidence is not a finding's own.
    """
    maps: dict[str, Maps] = {}
    for row in rows:
        if (model is not None and row.model != model) or row.data.get("basis") != "stated":
            continue
        ref = row.calibration or ""
        if ref and ref not in maps:
            maps[ref] = calibrations.load(connection, ref).maps
        promised = row.data["confidence"]
        if ref:
            promised = map_of(maps[ref], row.field).undo(promised)
        yield Answer(row.field, promised, row.state == "confirmed")


def promised(rows: Sequence[Row[Any]]) -> Iterator[Answer]:
    """What people said, as the confidence was shown to them."""
    for row in rows:
        if row.data.get("basis") == "stated":
            yield Answer(row.field, row.data["confidence"], row.state == "confirmed")
