"""Health of the data over a period: complete, consistent, traceable; adopted, corrected, rejected, how quickly."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import Connection, Row, func, select

from extractor.contract import Contract
from extractor.validate import problem
from service.digest import ZONE
from service.store import reconfirm, users
from service.store.database import now
from service.store.tables import confirmed, decisions, suggestions

DECIDED = ("confirmed", "corrected", "rejected")


@dataclass(frozen=True, slots=True)
class Scope:
    """Which suggestions count: those made in [since, until), of one rep, team or field where given."""

    since: datetime
    until: datetime
    rep: str | None = None
    team: str | None = None
    field: str | None = None
    state: str | None = None


def quality(connection: Connection, tenant: str, contract: Contract, scope: Scope) -> dict[str, Any]:
    """Figures of a tenant, whole, per rep, team, field and week; shares are None where nothing counts.

    What holds now (completeness, consistency, traceability, overdue) is that of the customers in scope.
    """
    teams = users.teams(connection, tenant)
    rows = in_scope(connection, tenant, scope, teams)
    held = _held(connection, tenant, scope, rows)
    traced = _traced(connection, held)
    return {
        "since": scope.since.isoformat(),
        "until": scope.until.isoformat(),
        "completeness": _completeness(held, contract, scope.field),
        "consistency": _share(_allowed(r, contract) for r in held),
        "traceability": _share(traced),
        "overdue": _overdue(held, contract),
        "reconfirm": _reconfirm(connection, tenant),
        "total": _figures(rows),
        "reps": _groups(rows, lambda row: row.author or "?"),
        "teams": _groups(rows, lambda row: teams.get(row.author or "") or "?"),
        "fields": _groups(rows, lambda row: row.field),
        "weeks": _groups(rows, lambda row: week_of(row.created_at)),
        "reasons": dict(Counter(reasons_of(connection, tenant, rows).values()).most_common(20)),
        "calibration": _calibration(rows),
    }


def in_scope(connection: Connection, tenant: str, scope: Scope, teams: Mapping[str, str]) -> list[Row[Any]]:
    """The suggestions in scope, oldest first."""
    query = select(suggestions).where(
        suggestions.c.tenant == tenant, suggestions.c.created_at >= scope.since, suggestions.c.created_at < scope.until
    )
    for column, wanted in (("author", scope.rep), ("field", scope.field), ("state", scope.state)):
        if wanted:
            query = query.where(suggestions.c[column] == wanted)
    rows = connection.execute(query.order_by(suggestions.c.created_at, suggestions.c.id))
    return [row for row in rows if scope.team is None or (teams.get(row.author or "") or "?") == scope.team]


def week_of(moment: datetime) -> str:
    """The Monday of its week, in China's time."""
    day = moment.astimezone(ZONE).date()
    return str(day - timedelta(days=day.weekday()))


def _groups(rows: Sequence[Row[Any]], key: Callable[[Row[Any]], str]) -> dict[str, dict[str, Any]]:
    groups: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return {name: _figures(group) for name, group in sorted(groups.items())}


def _held(connection: Connection, tenant: str, scope: Scope, rows: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
    query = select(confirmed).where(confirmed.c.tenant == tenant, confirmed.c.current.is_(True))
    if scope.field:
        query = query.where(confirmed.c.field == scope.field)
    held = connection.execute(query).all()
    if scope.rep or scope.team:
        theirs = {row.customer for row in rows}
        held = [row for row in held if row.customer in theirs]
    return held


def authors(connection: Connection, tenant: str) -> list[str]:
    """Everybody a suggestion is of."""
    query = select(suggestions.c.author).where(suggestions.c.tenant == tenant, suggestions.c.author.is_not(None))
    return sorted(connection.scalars(query.distinct()))


def reasons_of(connection: Connection, tenant: str, rows: Sequence[Row[Any]]) -> dict[str, str]:
    """The reason that each rejected one was given, by suggestion."""
    rejected = {row.id for row in rows if row.state == "rejected"}
    query = select(decisions.c.suggestion, decisions.c.reason).where(
        decisions.c.tenant == tenant, decisions.c.action == "reject"
    )
    given = connection.execute(query.order_by(decisions.c.at)) if rejected else ()
    return {r.suggestion: r.reason or "?" for r in given if r.suggestion in rejected}


def _calibration(rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    """Promised against accepted, by tenths of confidence that anything was decided in."""
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for row in rows:
        if row.state in DECIDED:
            confidence = row.data["confidence"]
            bins[min(int(confidence * 10), 9)].append((confidence, row.state == "confirmed"))
    return [
        {
            "from": tenth / 10, "to": (tenth + 1) / 10, "decided": len(pairs),
            "promised": round(sum(c for c, _ in pairs) / len(pairs), 4),
            "accepted": round(sum(ok for _, ok in pairs) / len(pairs), 4),
        }
        for tenth, pairs in sorted(bins.items())
    ]  # fmt: skip


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


def _completeness(held: Sequence[Row[Any]], contract: Contract, field: str | None) -> float | None:
    """字段完整率: of all fields of all known customers, the share that has a value."""
    customers = {row.customer for row in held}
    filled = {(row.customer, row.field) for row in held}
    return round(len(filled) / (len(customers) * (1 if field else len(contract.fields))), 4) if customers else None


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
