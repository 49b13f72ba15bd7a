"""Conditions in CEL (Common Expression Language, by `cel-python`): checked once, then asked about values.

CEL has no loops and no side effects. What could still cost much is refused at the check: long texts, macros inside
macros, deep brackets, and `%`, which this implementation applies to texts as a formatter of any width.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from datetime import date
from functools import lru_cache
from typing import Any

from celpy import Environment, Expression
from celpy.adapter import json_to_cel
from celpy.celparser import CELParseError
from celpy.celtypes import BoolType, IntType, StringType
from celpy.evaluation import CELEvalError

from extractor.errors import FieldNoteError
from extractor.types import Json

Node = Expression[Any]
MAX_CONDITION = 500
_MAX_NESTING = 1
_MAX_DEPTH = 250  # of the parse tree; one pair of brackets makes about ten
_NAMES = frozenset({"value", "field", "values", "today"})
_MACROS = frozenset({"all", "exists", "exists_one", "filter", "map"})
_METHODS = _MACROS | {"contains", "startsWith", "endsWith", "matches", "size"}

# The library writes arguments, that is, customers' values, into its log, some of them as errors.
logging.getLogger("celpy").setLevel(logging.CRITICAL + 1)


class ConditionError(FieldNoteError):
    """A condition that cannot be loaded; the message is the cure."""

    code = "trigger.bad_condition"


class UndecidedError(FieldNoteError):
    """A condition that could not be decided for these values; the message says why and holds none of them."""

    code = "trigger.undecided"


def days(start: StringType, end: StringType) -> IntType:
    """Whole days from one ISO date to another; negative where the second is earlier."""
    return IntType((date.fromisoformat(end) - date.fromisoformat(start)).days)


def first_day(time: dict[str, Any]) -> StringType:
    """The first day of a time value `{"start", "end"}`; its last one where the start is open."""
    return StringType(time["start"] if time["start"] is not None else time["end"])


def last_day(time: dict[str, Any]) -> StringType:
    """The last day of a time value; its first one where the end is open."""
    return StringType(time["end"] if time["end"] is not None else time["start"])


_OWN: dict[str, Any] = {"days": days, "first_day": first_day, "last_day": last_day}
_CALLS = frozenset({*_OWN, "has", "size", "int", "double", "string", "bool", "timestamp", "duration", "matches"})


def check_condition(text: str, fields: Collection[str]) -> None:
    """Refuse a condition that could never work: syntax, unknown names and functions, too costly ones.

    Raises ConditionError, whose message says what to change.
    """
    if len(text) > MAX_CONDITION:
        raise ConditionError(f"条件最多 {MAX_CONDITION} 个字符")
    try:
        tree = _parse(text)
        if _depth(tree) > _MAX_DEPTH:
            raise ConditionError("括号套得太深；请简化条件")
        for cure in _faults(tree, frozenset(fields)):
            raise ConditionError(cure)
    except CELParseError as error:
        at = f"（第 {error.line} 行第 {error.column} 列附近）" if error.line and error.line > 0 else ""
        raise ConditionError(f"不是合法的 CEL 表达式{at}") from None


def holds(text: str, *, field: str, value: Json, values: dict[str, list[Json]], today: date) -> bool:
    """Whether a condition is true of these values. Raises UndecidedError alone: it cannot be decided."""
    try:
        names: dict[str, Any] = {"field": field, "value": value, "values": values, "today": today.isoformat()}
        result = _program(text).evaluate({name: json_to_cel(held) for name, held in names.items()})
    except CELEvalError as error:
        raise UndecidedError(_reason(error)) from None
    except Exception as error:  # the library lets Python's own errors through; a confirmation must not fall over them
        raise UndecidedError(f"条件算不出来（{type(error).__name__}）") from None
    if not isinstance(result, BoolType | bool):
        raise UndecidedError("条件的结果不是 true 或 false")
    return bool(result)


@lru_cache(maxsize=1024)
def _program(text: str) -> Any:
    return _environment().program(_parse(text), functions=_OWN)


@lru_cache(maxsize=1)
def _environment() -> Any:
    return Environment()


def _parse(text: str) -> Node:
    tree: Node = _environment().compile(text)
    return tree


def _depth(tree: Node) -> int:
    """How deep the parse tree goes; level by level, so that no depth overflows the stack."""
    depth, level = 0, [tree]
    while level:
        depth, level = depth + 1, [child for node in level for child in node.children if isinstance(child, Expression)]
    return depth


def _faults(node: Node, fields: frozenset[str], bound: frozenset[str] = _NAMES, nesting: int = 0) -> Iterator[str]:
    """What is wrong with an expression, outermost first; `bound` are the names that stand for something here."""
    kind, name = node.data, _name(node)
    if kind in {"dot_ident", "dot_ident_arg", "member_object"}:
        yield "不支持这种写法；可用的名字是 value、field、values、today"
    elif kind == "multiplication_mod":
        yield "不支持 %"
    elif kind == "ident" and name not in bound:
        yield f"没有名字 {name}；可用的名字是 value、field、values、today"
    elif kind == "ident_arg" and name not in _CALLS:
        yield f"没有函数 {name}；可用的函数是 {'、'.join(sorted(_CALLS))}"
    elif kind == "member_dot_arg" and name not in _METHODS:
        yield f"没有方法 {name}；可用的方法是 {'、'.join(sorted(_METHODS))}"
    elif (key := _key_of_values(node)) is not None and key not in fields:
        yield f"values 里不会有 {key}：没有这个字段"
    if kind == "member_dot_arg" and name in _MACROS:
        nesting += 1
        if nesting > _MAX_NESTING:
            yield f"{name} 里面不能再套 {'、'.join(sorted(_MACROS))}"
        bound |= _macro_names(node)
    for child in node.children:
        if isinstance(child, Expression):
            yield from _faults(child, fields, bound, nesting)


def _name(node: Node) -> str:
    return next((str(child) for child in node.children if isinstance(child, str)), "")


def _macro_names(node: Node) -> frozenset[str]:
    """The variable a macro introduces: the plain name that is its first argument."""
    arguments = [child for child in node.children if isinstance(child, Expression) and child.data == "exprlist"]
    first = arguments[0].children[0] if arguments and arguments[0].children else None
    return frozenset({text}) if isinstance(first, Expression) and (text := _only(first, "ident")) else frozenset()


def _key_of_values(node: Node) -> str | None:
    """The field that `values.x`, `values['x']` or `'x' in values` asks for."""
    match node.data, node.children:
        case "member_dot", [Expression() as owner, str() as key] if _only(owner, "ident") == "values":
            return str(key)
        case "member_index", [Expression() as owner, Expression() as key] if _only(owner, "ident") == "values":
            return _only(key, "literal").strip("'\"") or None
        case "relation", [Expression(data="relation_in", children=[key]), Expression() as owner] if (
            _only(owner, "ident") == "values"
        ):
            return _only(key, "literal").strip("'\"") or None if isinstance(key, Expression) else None
    return None


def _only(node: Node, kind: str) -> str:
    """The text of the single token a node boils down to, where it is of that kind; otherwise empty."""
    while len(node.children) == 1 and isinstance(node.children[0], Expression):
        node = node.children[0]
    plain = node.data == kind and len(node.children) == 1
    return str(node.children[0]) if plain else ""


def _reason(error: Any) -> str:
    """A sentence by the kind of error; the library's own text quotes the values and is left out."""
    kind = error.args[1] if len(error.args) > 1 else None
    missing = kind in {KeyError, IndexError} or "CELEvalError" in str(error.args[0])  # an operand that had no value
    if missing:
        return "条件用到的字段或键没有值；请先用 has(…) 或 'x' in values 判断"
    if kind is TypeError:
        return "条件里比较或计算的类型不合（例如拿空值或文字和数字比较）"
    if kind is ZeroDivisionError:
        return "条件里除以零"
    return "条件里的日期或数字换算不了" if kind is ValueError else "条件算不出来"
