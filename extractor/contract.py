"""The data contract: read `rules/`, validate every key, hand out frozen records."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as member
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict
from pydantic import Field as Key

from extractor.data import adapter, load_data, read_words
from extractor.errors import ContractError
from extractor.types import Status

RULES_DIR = Path(__file__).resolve().parent.parent / "rules"
SENT_AT = "2026-03-18T10:20:00+08:00"  # of an example that does not say
_STRICT = ConfigDict(extra="forbid")
Score = Annotated[float, Key(gt=0, le=1)]
Scope = Literal["before", "after", "clause", "sentence"]
Name = Annotated[str, Key(pattern=r"^[a-z][a-z0-9_]*$")]


@dataclass(frozen=True, slots=True)
class Rule:
    """How a field is found: a pattern or a word list, its strength, and what must or must not stand in the sentence.

    `name` is what people read in a trace. A named group `v` in `pattern` is the evidence; without it the whole
    match is. `value` is the enum value it means. `near` must be found in the same sentence, `unless` must not.
    `widen`: the evidence grows to both sides by up to so many characters, within the clause.
    """

    __pydantic_config__ = _STRICT
    name: str
    score: Score
    pattern: str | None = None
    words: str | tuple[str, ...] | None = None
    value: str | None = None
    near: str | None = None
    unless: str | None = None
    widen: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Words that look like a value but must not become one: what to tell the rep and what to ask instead."""

    __pydantic_config__ = _STRICT
    name: Name
    pattern: str
    message: str
    ask: str


@dataclass(frozen=True, slots=True)
class Never:
    """Words that people keep turning down: no reading that touches them is this field (or this value of it)."""

    __pydantic_config__ = _STRICT
    words: tuple[str, ...]
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Validation:
    """验证规则: checks on the canonical value, in the words a rep understands.

    `future`: the time may not lie wholly before the day of the note.
    """

    __pydantic_config__ = _STRICT
    note: str
    pattern: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    max_length: int | None = None
    future: bool = False
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """修正路径: who may correct, and when a confirmed value must be looked at again."""

    __pydantic_config__ = _STRICT
    note: str
    refresh_days: int | None = None
    reconfirm_hours: float = 2


@dataclass(frozen=True, slots=True)
class Capture:
    """录入方式: how the value is captured and what is asked when it is missing."""

    __pydantic_config__ = _STRICT
    note: str
    ask: str
    write: Literal["confirm", "auto", "never"] = "confirm"
    auto_above: Score = 0.97


@dataclass(frozen=True, slots=True)
class Expect:
    """One expected finding of an example: the value (canonical JSON) and its evidence words."""

    __pydantic_config__ = _STRICT
    value: Any = None
    evidence: str | None = None
    basis: Literal["stated", "inferred"] = "stated"
    certain: bool | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence and what this field must find in it; an empty `expect` means it must find nothing.

    `refused` names the refusal that must fire; `todo` marks a known gap (a strict expected failure).
    """

    __pydantic_config__ = _STRICT
    text: str
    expect: tuple[Expect, ...] = ()
    sent_at: str = SENT_AT
    refused: str | None = None
    todo: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One CRM field: the four dimensions 定义标准 (definition), 录入方式 (capture), 验证规则 (validation) and
    修正路径 (correction), with its rules and examples. Evidence that rules widen stops at findings of `apart_from`.
    """

    __pydantic_config__ = _STRICT
    name: Name
    title: str
    kind: str
    order: int
    definition: str
    capture: Capture
    validation: Validation
    correction: Correction
    examples: tuple[Example, ...]
    many: bool = False
    threshold: Score = 0.5
    values: dict[str, str] = member(default_factory=dict)
    identity: Literal["value", "evidence"] = "value"
    rival: str | None = None
    ignore_claims: tuple[Status, ...] = ()
    apart_from: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    never: tuple[Never, ...] = ()


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that change how a claim stands. `scope` is where the candidate must lie, seen from the cue.

    before: the cue stands before the candidate in the same clause; after: behind it; clause, sentence: either side.
    `reach` is the most code points between them. A named group `speaker` says who is quoted.
    """

    __pydantic_config__ = _STRICT
    name: str
    status: Status
    pattern: str
    scope: Scope = "before"
    reach: int = 12
    fields: tuple[str, ...] = ()
    except_fields: tuple[str, ...] = ()
    certain: bool | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """For notes sent in these months, the time expression that the inference fills in."""

    __pydantic_config__ = _STRICT
    months: tuple[Annotated[int, Key(ge=1, le=12)], ...]
    expression: str


@dataclass(frozen=True, slots=True)
class Inference:
    """A field that follows from another one, with the reason a person would give. Never when it is stated."""

    __pydantic_config__ = _STRICT
    name: str
    field: str
    value: str
    then: str
    windows: tuple[Window, ...]
    confidence: Score
    reason: str


@dataclass(frozen=True, slots=True)
class Contract:
    """All of `rules/`, with `version`: one digest over every byte of it (and of the pack laid over it).

    `pinned`: thresholds that a pack sets; they go before those of a model's calibrator.
    """

    version: str
    fields: dict[str, Field]
    cues: tuple[Cue, ...]
    inferences: tuple[Inference, ...]
    lexicons: dict[str, tuple[str, ...]]
    root: Path
    pinned: dict[str, float] = member(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _CueFile:
    __pydantic_config__ = _STRICT
    cues: tuple[Cue, ...]


@dataclass(frozen=True, slots=True)
class _InferenceFile:
    __pydantic_config__ = _STRICT
    inferences: tuple[Inference, ...]


def json_schema(kind: type[Any] = Field) -> dict[str, Any]:
    """JSON Schema of a contract file, for editors."""
    return adapter(kind).json_schema()


def load_contract(root: Path | str | None = None) -> Contract:
    """Read and validate a contract folder (the shipped `rules/` by default).

    Raises ContractError, which names the file, the key and the cure.
    """
    root = Path(root) if root else RULES_DIR
    if not (root / "fields").is_dir():
        raise ContractError(str(root), "fields/", "目录不存在；契约目录要有 fields/*.yaml，例如随软件附带的 rules/")
    fields = sorted((load_data(path, Field) for path in sorted((root / "fields").glob("*.yaml"))), key=_by_order)
    contract = Contract(
        version=contract_digest(root),
        fields={f.name: f for f in fields},
        cues=load_data(root / "cues.yaml", _CueFile).cues,
        inferences=load_data(root / "inferences.yaml", _InferenceFile).inferences,
        lexicons={path.stem: read_words(path) for path in sorted((root / "lexicons").glob("*.tsv"))},
        root=root,
    )
    check_references(contract)
    return contract


def contract_digest(root: Path) -> str:
    """sha256 over names and bytes of all contract files, in name order; 16 hex digits."""
    digest = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.suffix in {".yaml", ".tsv", ".json"}):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _by_order(field: Field) -> tuple[int, str]:
    return field.order, field.name


def check_references(contract: Contract) -> None:
    """Raises ContractError for the first name that leads nowhere, and for what a field cannot do without."""
    for file, key, cure in _dangling(contract):
        raise ContractError(file, key, cure)


def _dangling(contract: Contract) -> Iterator[tuple[str, str, str]]:
    for field in contract.fields.values():
        file = f"{field.name}.yaml"
        if field.kind == "choice" and not field.values:
            yield file, "values", "kind 是 choice 时要列出可选值"
        if not any(not e.expect for e in field.examples):
            yield file, "examples", "至少要有一个「什么都不该找到」的例子（expect 留空）"
        for other in field.apart_from:
            if other not in contract.fields:
                yield file, "apart_from", f"没有字段 {other}"
        for n, rule in enumerate(field.rules):
            if (rule.pattern is None) == (rule.words is None):
                yield file, f"rules.{n}", "pattern 与 words 二选一"
            if isinstance(rule.words, str) and rule.words not in contract.lexicons:
                yield file, f"rules.{n}.words", f"没有词表 lexicons/{rule.words}.tsv"
            if field.kind == "choice" and rule.value not in field.values:
                yield file, f"rules.{n}.value", f"{rule.value!r} 不在 values 里"
        for n, never in enumerate(field.never):
            if never.value is not None and field.kind == "choice" and never.value not in field.values:
                yield file, f"never.{n}.value", f"{never.value!r} 不在 values 里"
    for inference in contract.inferences:
        for key in (inference.field, inference.then):
            if key not in contract.fields:
                yield "inferences.yaml", inference.name, f"没有字段 {key}"
        premise = contract.fields.get(inference.field)
        if premise and premise.kind == "choice" and inference.value not in premise.values:
            yield "inferences.yaml", f"{inference.name}.value", f"{inference.value!r} 不在 {premise.name} 的 values 里"
    for cue in contract.cues:
        for key in (*cue.fields, *cue.except_fields):
            if key not in contract.fields:
                yield "cues.yaml", cue.name, f"没有字段 {key}"
