"""Health of the data over a period: complete, consistent, traceable; adopted, corrected, rejected, how quickly."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from statistics import median
from typing import Any

from sqlalchemy import Connection, Row, func, select

from extractor.contract import Contract
from extractor.validate import problem
from service.store import reconfirm
from service.store.database import now
from service.store.tables import confirmed, suggestions

DECIDED = ("confirmed", "corrected", "rejected")


def quality(
    connection: Connection, tenant: str, contract: Contract, *, since: datetime, until: datetime
) -> dict[str, Any]:
    """Figures of a tenant in [since, until), whole, per rep and per field; shares are None where nothing counts."""
    mine = (suggestions.c.tenant == tenant) & (suggestions.c.created_at >= since) & (suggestions.c.created_at < until)
    rows = connection.execute(select(suggestions).where(mine)).all()
    held = connection.execute(
        select(confirmed).where(confirmed.c.tenant == tenant, confirmed.c.current.is_(True))
    ).all()
    by_rep, by_field = defaultdict(list), defaultdict(list)
    for row in rows:
        by_rep[row.author or "?"].append(row)
        by_field[row.field].append(row)
    return {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "completeness": _completeness(held, contract),
        "consistency": _share(_allowed(r, contract) for r in held),
        "traceability": _share(_traced(connection, held)),
        "overdue": _overdue(held, contract),
        "reconfirm": _reconfirm(connection, tenant),
        "total": _figures(rows),
        "reps": {name: _figures(group) for name, group in sorted(by_rep.items())},
        "fields": {name: _figures(group) for name, group in sorted(by_field.items())},
    }


def _figures(rows: Sequence[Row[Any]]) -> dict[str, Any]:
    states = Counter(row.state for row in rows)
    decided = [row for row in rows if row.state in DECIDED]
    seconds = [(r.decided_at - r.created_at).total_seconds() for r in decided if r.decided_at]
    return {
        "suggestions": len(rows),
        "states": dict(sorted(states.items())),
        "adoption": _share(r.state == "confirmed" for r in decided),
        "correction": _share(r.state == "corrected" for r in decided),
        "rejection": _share(r.state == "rejected" for r in decided),
        "seconds_to_decide": round(median(seconds), 1) if seconds else None,
        "promised": round(sum(r.data["confidence"] for r in decided) / len(decided), 4) if decided else None,
    }


def _completeness(held: Sequence[Row[Any]], contract: Contract) -> float | None:
    """字段完整率: of all fields of all known customers, the share that has a value."""
    customers = {row.customer for row in held}
    filled = {(row.customer, row.field) for row in held}
    return round(len(filled) / (len(customers) * len(contract.fields)), 4) if customers else None


def _allowed(row: Row[Any], contract: Contract) -> bool:
    """语义一致性: the contract still allows the value."""
    field = contract.fields.get(row.field)
    return field is not None and problem(field, row.value) is None


def _traced(connection: Connection, held: Sequence[Row[Any]]) -> list[bool]:
    """溯源达标: the value rests on words of a note."""
    query = select(suggestions.c.id, suggestions.c.data).where(suggestions.c.id.in_([r.suggestion for r in held]))
    evidence = {row.id: bool(row.data["evidence"]) for row in connection.execute(query)}
    return [evidence.get(row.suggestion, False) for row in held]


def _overdue(held: Sequence[Row[Any]], contract: Contract) -> int:
    """Values whose contract asks for a fresh confirmation that has not come."""
    days = {name: f.correction.refresh_days for name, f in contract.fields.items()}
    moment = now()
    return sum((limit := days.get(r.field)) is not None and (moment - r.confirmed_at).days >= limit for r in held)


def _reconfirm(connection: Connection, tenant: str) -> dict[str, int]:
    """Values that a newer note speaks against and nobody has looked at again; overdue past the contract's time."""
    rows = connection.execute(reconfirm.open_ones(tenant)).all()
    moment = now()
    late = {row.confirmed for row in rows if row.due_at <= moment}
    return {"open": len({row.confirmed for row in rows}), "overdue": len(late)}


def _share(flags: Iterable[bool]) -> float | None:
    every = list(flags)
    return round(sum(every) / len(every), 4) if every else None


def waiting(connection: Connection, tenant: str) -> int:
    """Pending suggestions of a tenant."""
    query = select(func.count()).where(suggestions.c.tenant == tenant, suggestions.c.state == "pending")
    return int(connection.execute(query).scalar() or 0)
