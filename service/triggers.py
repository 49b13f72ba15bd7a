"""Triggers: rules of the sales team over confirmed values, kept as data (`rules/triggers.yaml`), conditions in CEL.

A condition is checked when it is loaded (syntax, names, cost) and can only fail to fire afterwards: whatever goes
wrong while it runs is a reason, never an error of the confirmation.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import ConfigDict, StringConstraints, TypeAdapter

from extractor.contract import RULES_DIR
from extractor.data import checked, read_yaml
from extractor.errors import ContractError
from extractor.types import Json
from service.conditions import MAX_CONDITION, ConditionError, UndecidedError, check_condition, holds

_STRICT = ConfigDict(extra="forbid")
_log = logging.getLogger(__name__)
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Values = Mapping[str, Json | Sequence[Json]]


@dataclass(frozen=True, slots=True)
class Action:
    """What the CRM should do: a machine's word, and the sentence for people."""

    __pydantic_config__ = _STRICT
    action: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    text: Text


@dataclass(frozen=True, slots=True)
class Trigger:
    """When a value of `field` is confirmed and the CEL expression `when` holds, `then` is asked of the CRM."""

    __pydantic_config__ = _STRICT
    name: Text
    field: str
    when: Annotated[str, StringConstraints(min_length=1, max_length=MAX_CONDITION)]
    then: Action


@dataclass(frozen=True, slots=True)
class Firing:
    """Whether one trigger fired; `reason` (Chinese, without any value) where its condition could not be decided."""

    trigger: Trigger
    fired: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One confirmation of the past: the customer's `values` as they stood right after it on `day`."""

    customer: str
    field: str
    value: Json
    values: Values
    day: date


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a trigger would have done: how many confirmations of its field it saw, and what became of them."""

    seen: int
    fired: tuple[Case, ...]
    undecided: tuple[tuple[Case, str], ...]


@dataclass(frozen=True, slots=True)
class _File:
    __pydantic_config__ = _STRICT
    triggers: tuple[Trigger, ...]


def load_triggers(path: Path | None = None, *, fields: Collection[str]) -> tuple[Trigger, ...]:
    """The triggers of a YAML file (the shipped one by default); `fields` are the contract's field names.

    Raises ContractError, which names the file, the key and the cure.
    """
    path = path or RULES_DIR / "triggers.yaml"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ContractError(path.name, "-", f"缺少这个文件；没有触发器时写 triggers: []（{path.name}）") from None
    except UnicodeDecodeError as error:
        raise ContractError(path.name, "-", f"不是合法的 YAML（UTF-8）：{error}") from None
    return read_triggers(text, file=path.name, fields=fields)


def parse_triggers(data: object, *, file: str, fields: Collection[str]) -> tuple[Trigger, ...]:
    """Triggers from already read data `{"triggers": [...]}`; `file` is what errors call it. Raises ContractError."""
    triggers: tuple[Trigger, ...] = checked(data, _File, file).triggers
    for key, cure in _problems(triggers, fields):
        raise ContractError(file, key, cure)
    return triggers


def read_triggers(text: str, *, file: str, fields: Collection[str]) -> tuple[Trigger, ...]:
    """The triggers of a YAML text. Raises ContractError."""
    return parse_triggers(read_yaml(text, file), file=file, fields=fields)


def known_triggers(data: object) -> tuple[Trigger, ...]:
    """Triggers that were checked when they were published; a condition that no longer fits cannot be decided."""
    return _adapter().validate_python(data).triggers


def triggers_json(triggers: tuple[Trigger, ...]) -> dict[str, Any]:
    """`{"triggers": [...]}`, as `parse_triggers` reads it."""
    data: dict[str, Any] = _adapter().dump_python(_File(triggers), mode="json")
    return data


def trigger_schema() -> dict[str, Any]:
    """The JSON schema of one trigger, for forms."""
    return TypeAdapter(Trigger).json_schema()


def evaluate(triggers: Iterable[Trigger], field: str, value: Json, values: Values, today: date) -> list[Firing]:
    """Every trigger of this field, fired or not. `values`: the customer's confirmed values, the new one included."""
    return [_fire(trigger, value, values, today) for trigger in triggers if trigger.field == field]


def matching(triggers: Iterable[Trigger], field: str, value: Json, values: Values, today: date) -> list[Trigger]:
    """The triggers that fire for this confirmation; those that cannot be decided are logged and do not fire."""
    firings = evaluate(triggers, field, value, values, today)
    for firing in firings:
        if firing.reason is not None:
            _log.warning("trigger %r not fired: %s", firing.trigger.name, firing.reason)
    return [firing.trigger for firing in firings if firing.fired]


def dry_run(trigger: Trigger, history: Iterable[Case]) -> DryRun:
    """Run a trigger over stored confirmations before it is published; nothing is sent."""
    seen, fired, undecided = 0, [], []
    for case in history:
        for firing in evaluate([trigger], case.field, case.value, case.values, case.day):
            seen += 1
            if firing.fired:
                fired.append(case)
            elif firing.reason is not None:
                undecided.append((case, firing.reason))
    return DryRun(seen, tuple(fired), tuple(undecided))


def dry_run_json(trigger: Trigger, history: Iterable[Case], shown: int = 20) -> dict[str, Json]:
    """A dry run for people: counts, and the latest customers it would have been about."""
    run = dry_run(trigger, history)
    fired: list[Json] = [{"customer": c.customer, "value": c.value, "day": c.day.isoformat()} for c in run.fired]
    return {
        "name": trigger.name, "field": trigger.field, "action": trigger.then.action, "seen": run.seen,
        "fired": len(run.fired), "undecided": len(run.undecided), "examples": fired[::-1][:shown],
        "reasons": list(dict.fromkeys(reason for _, reason in run.undecided)),
    }  # fmt: skip


def _fire(trigger: Trigger, value: Json, values: Values, today: date) -> Firing:
    try:
        fired = holds(trigger.when, field=trigger.field, value=value, values=_lists(values), today=today)
    except UndecidedError as error:
        return Firing(trigger, False, str(error))
    return Firing(trigger, fired)


def _lists(values: Values) -> dict[str, list[Json]]:
    """Each field's confirmed values as a list, single-valued fields too; fields without any are left out."""
    lists: dict[str, list[Json]] = {}
    for name, held in values.items():
        lists[name] = list(held) if isinstance(held, list | tuple) else [cast(Json, held)]
    return {name: held for name, held in lists.items() if held}


def _problems(triggers: tuple[Trigger, ...], fields: Collection[str]) -> Iterator[tuple[str, str]]:
    names: set[str] = set()
    for n, trigger in enumerate(triggers):
        if trigger.name in names:
            yield f"triggers.{n}.name", f"名字 {trigger.name!r} 重复了；每个触发器要有自己的名字"
        names.add(trigger.name)
        if trigger.field not in fields:
            yield f"triggers.{n}.field", f"没有字段 {trigger.field}；字段名见 rules/fields/"
        try:
            check_condition(trigger.when, fields)
        except ConditionError as error:
            yield f"triggers.{n}.when", str(error)


@cache
def _adapter() -> TypeAdapter[_File]:
    return TypeAdapter(_File)
