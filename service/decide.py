"""Decisions: a person confirms, corrects, rejects or takes back a suggestion. One transaction, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import jsonschema_rs
from sqlalchemy import Connection, Row, insert, select, update

from extractor.contract import Contract, Field
from extractor.kinds import KINDS
from extractor.types import Json
from extractor.validate import Problem, parse_input, problem
from service.policy import policy_of
from service.problems import ServiceError
from service.store import audit, confirmed, outbox, reconfirm, suggestions, tenants
from service.store.database import new_id, now
from service.store.keys import Caller
from service.store.tables import decisions, extractions, notes
from service.store.tables import suggestions as table

Action = Literal["confirm", "correct", "reject", "undo"]
BY_POLICY = "policy:auto"
STILL_HOLDS = "复核过，原来的值仍然有效"
NOT_WRITTEN = "这个字段按规定不写入客户档案"
STATES = {"confirm": "confirmed", "correct": "corrected", "reject": "rejected", "undo": "pending"}
Event = tuple[str, dict[str, Json]]
Listener = Callable[[Connection, Caller, str, str, Json], list[Event]]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided on one suggestion. `value` is canonical JSON, or words to be read (「下周四」)."""

    suggestion_id: str
    action: Action
    value: Json = None
    evidence: Sequence[Mapping[str, int]] | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """Where decisions are taken: the contract they must satisfy, and who hears of a newly held value."""

    contract: Contract
    on_held: Listener | None = None
    own: Callable[[str], Contract] | None = None

    def contract_of(self, tenant: str) -> Contract:
        """The contract as the tenant's rule pack leaves it."""
        return self.own(tenant) if self.own else self.contract

    def decide(
        self,
        connection: Connection,
        caller: Caller,
        extraction: str,
        wanted: Sequence[Decision],
        *,
        channel: str = "api",
        expected: int | None = None,
    ) -> suggestions.Kept:
        """Apply all decisions, or none.

        Raises ServiceError: 404 for a foreign id, 409 `decision.conflict` with the current state where somebody was
        first, 422 where the contract refuses a value or a rejection has no reason.
        """
        row = suggestions.find(connection, caller.tenant, extraction, lock=True)
        if expected is not None and expected != row.version:
            raise _conflict(connection, caller, extraction)
        note = connection.execute(select(notes).where(notes.c.id == row.note)).one()
        details: dict[str, Json] = {d.suggestion_id: d.action for d in wanted}
        # the audit entry first: it takes the tenant's lock, so that of two decisions on one customer one sees the other
        audit.record(connection, caller.tenant, caller.name, "decision", extraction, details)
        known = {s.id: s for s in suggestions.of_extraction(connection, extraction)}
        events: list[Event] = []
        moment = now()
        for decision in wanted:
            suggestion = known.get(decision.suggestion_id)
            if suggestion is None:
                raise ServiceError(404, "suggestion.not_found", "这次抽取里没有这条建议")
            if not _open_to(decision.action, suggestions.state_of(suggestion)):
                raise _conflict(connection, caller, extraction)
            events += self._one(connection, caller, suggestion, note, decision, (channel, moment))
        connection.execute(
            update(extractions).where(extractions.c.id == extraction).values(version=extractions.c.version + 1)
        )
        outbox.add(connection, caller.tenant, note.customer, events)
        return suggestions.load(connection, caller.tenant, extraction)

    def by_policy(self, connection: Connection, caller: Caller, kept: suggestions.Kept) -> suggestions.Kept:
        """A freshly kept extraction; what policy lets the engine write alone is confirmed, in the policy's name."""
        settings = tenants.settings_of(connection, caller.tenant) if kept.settings is None else kept.settings
        known = self.contract_of(caller.tenant).fields
        alone = [
            Decision(found["suggestion_id"], "confirm")
            for found in kept.answer["fields"]
            if policy_of(known[found["field"]], settings).writes_alone(found)
        ]
        if not alone:
            return kept
        by = Caller(caller.tenant, BY_POLICY, caller.scopes)
        decided = self.decide(connection, by, kept.id, alone, channel="policy")
        states = {found["suggestion_id"]: found["state"] for found in decided.answer["fields"]}
        fields = [{**found, "state": states[found["suggestion_id"]]} for found in kept.answer["fields"]]
        return suggestions.Kept(kept.id, decided.version, {**kept.answer, "fields": fields})

    def _one(
        self, connection: Connection, caller: Caller, suggestion: Row[Any], note: Row[Any], decision: Decision,
        where: tuple[str, datetime],
    ) -> list[Event]:  # fmt: skip
        channel, moment = where
        field = self.contract_of(caller.tenant).fields.get(suggestion.field)
        if field is None:
            raise ServiceError(422, "contract.field", f"契约里已经没有字段 {suggestion.field}")
        value = self._value(field, suggestion, note, decision)
        shown = _evidence(suggestion, note, decision)
        chosen = new_id()
        connection.execute(
            insert(decisions).values(
                id=chosen, tenant=caller.tenant, suggestion=suggestion.id, action=decision.action, value=value,
                evidence=shown if decision.evidence else None, reason=decision.reason,
                by=caller.name, channel=channel, at=moment,
            )
        )  # fmt: skip
        state = STATES[decision.action]
        decided = None if decision.action == "undo" else moment
        connection.execute(update(table).where(table.c.id == suggestion.id).values(state=state, decided_at=decided))
        data: dict[str, Json] = {
            "customer": note.customer, "field": field.name, "value": value, "previous": None, "version": None,
            "evidence": shown, "note_id": note.id, "decided_by": caller.name,
            "suggestion_id": suggestion.id,
        }  # fmt: skip
        outcome = None if decision.action == "undo" else state
        reconfirm.settle_by(connection, suggestion.id, outcome=outcome, by=outcome and caller.name)
        if decision.action == "undo":
            return self._undo(connection, caller, field, suggestion, note, data)
        if decision.action == "reject":
            return [("field.rejected", {**data, "reason": decision.reason})]
        if not note.customer:
            return [(f"field.{state}", data)]
        if policy_of(field, tenants.settings_of(connection, caller.tenant)).mode == "never":
            return [(f"field.{state}", {**data, "kept_out": NOT_WRITTEN})]
        written = self._write(connection, caller, field, suggestion, note, decision, value, (chosen, moment))
        data |= {"previous": written.previous, "version": written.version, "kept_out": written.kept_out}
        if written.version is None or self.on_held is None:
            return [(f"field.{state}", data)]
        return [(f"field.{state}", data), *self.on_held(connection, caller, note.customer, field.name, value)]

    def _undo(
        self, connection: Connection, caller: Caller, field: Field, suggestion: Row[Any], note: Row[Any],
        data: dict[str, Json],
    ) -> list[Event]:  # fmt: skip
        """The suggestion's last decision stands no more; what it gave may be held up by others."""
        past = [d for d in suggestions.decided(connection, suggestion.id) if d.action in ("confirm", "correct")]
        if not (past and note.customer):
            return []
        back = confirmed.take_back(connection, caller.tenant, note.customer, field, past[-1].value)
        return [_undone(data, back)] if back else []

    def reconfirm(self, connection: Connection, caller: Caller, name: str, action: Literal["keep", "withdraw"]) -> None:
        """Somebody has looked again: the value stays (and what spoke against it is rejected), or holds no more.

        Raises ServiceError 404 for a foreign id, 409 where it is settled.
        """
        audit.record(connection, caller.tenant, caller.name, f"reconfirm.{action}", name)
        row = reconfirm.find(connection, caller.tenant, name)
        rival = suggestions.find_one(connection, row.suggestion) if row.suggestion else None
        if action == "keep" and rival is not None and suggestions.state_of(rival) == "pending":
            kept = Decision(rival.id, "reject", reason=STILL_HOLDS)
            self.decide(connection, caller, row.extraction, [kept], channel="reconfirm")
        reconfirm.settle(connection, name, outcome="kept" if action == "keep" else "withdrawn", by=caller.name)
        if action == "withdraw":
            outbox.add(connection, caller.tenant, row.customer, self._withdraw(connection, caller, row))

    def _withdraw(self, connection: Connection, caller: Caller, row: Row[Any]) -> list[Event]:
        """The suggestions that gave the value are superseded by the note that takes it back."""
        field = self.contract_of(caller.tenant).fields.get(row.field)
        if field is None:
            raise ServiceError(422, "contract.field", f"契约里已经没有字段 {row.field}")
        whose = confirmed.standing(connection, caller.tenant, row.customer, field)
        gave = [claimed.suggestion for claimed in whose if claimed.value == row.value]
        connection.execute(update(table).where(table.c.id.in_(gave)).values(state="superseded", decided_at=now()))
        back = confirmed.take_back(connection, caller.tenant, row.customer, field, row.value)
        data: dict[str, Json] = {
            "customer": row.customer, "field": row.field, "evidence": row.evidence, "decided_by": caller.name,
            "withdrawn": True, "suggestion_id": row.held_suggestion,
        }  # fmt: skip
        return [_undone(data, back)] if back else []

    def _write(
        self, connection: Connection, caller: Caller, field: Field, suggestion: Row[Any], note: Row[Any],
        decision: Decision, value: Json, taken: tuple[str, datetime],
    ) -> confirmed.Written:  # fmt: skip
        """A correction is said now, by somebody who knows; a confirmation repeats what the note said then."""
        corrected, (chosen, moment) = decision.action == "correct", taken
        claimed = confirmed.Claimed(
            caller.tenant, note.customer, field, value, moment.isoformat() if corrected else note.sent_at,
            corrected or suggestion.data["certain"], suggestion.id, chosen, caller.name, moment,
        )  # fmt: skip
        return confirmed.write(connection, claimed)

    def _value(self, field: Field, suggestion: Row[Any], note: Row[Any], decision: Decision) -> Json:
        if decision.action == "reject" and not (decision.reason or "").strip():
            raise ServiceError(422, "decision.reason", "否决请给一个理由，例如：客户没说、认错人了、说的是别家")
        if decision.action != "correct":
            value: Json = suggestion.data["value"]
            return value
        if decision.value is None:
            raise ServiceError(422, "decision.value", f"更正「{field.title}」请给出新的值。{field.capture.ask}")
        contract = self.contract_of(note.tenant)
        checked = corrected_value(contract, field, decision.value, datetime.fromisoformat(note.sent_at))
        if isinstance(checked, Problem):
            raise ServiceError(422, checked.code, checked.message)
        return checked


def _undone(data: dict[str, Json], back: confirmed.Written) -> Event:
    """What the CRM hears of an undo: a correction to the value that held before, or to none."""
    what: dict[str, Json] = {"value": back.restored, "previous": back.previous, "version": back.version, "undone": True}
    return "field.corrected", {**data, **what}


def corrected_value(contract: Contract, field: Field, value: Json, sent_at: datetime) -> Json | Problem:
    """A correction in canonical form: words are read against `sent_at`, JSON is checked against the kind's schema."""
    if isinstance(value, str):
        return parse_input(contract, field.name, value, sent_at)
    if not jsonschema_rs.is_valid(KINDS[field.kind].schema, value):
        return Problem("contract.shape", f"「{field.title}」的值不合格式。{field.capture.ask}")
    return problem(field, value) or value


def _evidence(suggestion: Row[Any], note: Row[Any], decision: Decision) -> list[Json]:
    """The words a decision rests on: the corrected ones, else the suggestion's. Raises ServiceError 422."""
    if not decision.evidence:
        found: list[Json] = suggestion.data["evidence"]
        return found
    text = note.text or ""
    if any(not 0 <= s["start"] < s["end"] <= len(text) for s in decision.evidence):
        raise ServiceError(422, "decision.evidence", f"证据要在笔记之内：start 小于 end，最大 {len(text)}")
    return [{**s, "text": text[s["start"] : s["end"]]} for s in decision.evidence]


def _open_to(action: Action, state: str) -> bool:
    return state in ("confirmed", "corrected", "rejected") if action == "undo" else state == "pending"


def _conflict(connection: Connection, caller: Caller, extraction: str) -> ServiceError:
    kept = suggestions.load(connection, caller.tenant, extraction)
    states: list[Json] = [
        {"suggestion_id": f["suggestion_id"], "field": f["field"], "state": f["state"]} for f in kept.answer["fields"]
    ]
    extra: dict[str, Json] = {"current": {"id": extraction, "version": kept.version, "fields": states}}
    return ServiceError(409, "decision.conflict", "已经有人先决定了，请看现在的状态", extra=extra)
