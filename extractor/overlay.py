"""A rule pack: what a tenant lays over the contract, as data. One small YAML, checked like the contract itself.

    lexicons: {competitors: {add: [某某机床], remove: [三一]}}
    fields:
      budget_source:
        rules: [{name: 财评, value: 政府拨款, score: 0.9, words: [财评]}]     # a shipped rule's name replaces that rule
        without: [某条规则]                                                    # shipped rules switched off
        never: [{words: [财评], value: 专项资金}]
        threshold: 0.6
        examples: [{text: 财评, expect: [{value: 政府拨款}]}, {text: 今天聊得不错}]
    cues: {rules: [{name: 据传, status: hearsay, certain: false, pattern: 据传}], without: [某个提示词]}
    inferences: {rules: [{name: 年底前花完, field: budget_source, …}], without: [某条推断]}

A pack never changes; a change is another pack. Its digest is part of the version of the contract it is laid over.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from dataclasses import field as member
from typing import Any, Literal, TypeVar

import yaml
from pydantic import ConfigDict, TypeAdapter

from extractor.contract import Contract, Cue, Example, Field, Inference, Never, Rule, Score, check_references
from extractor.data import checked, read_yaml
from extractor.errors import ContractError

FILE = "pack.yaml"  # what errors call a pack that has no file
_NUMBER = re.compile(r"^rules\.(\d+)")
_STRICT = ConfigDict(extra="forbid")
R = TypeVar("R", bound=Rule | Cue | Inference)


@dataclass(frozen=True, slots=True)
class WordChange:
    """Words that enter a word list, and words that leave it."""

    __pydantic_config__ = _STRICT
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldChange:
    """What a pack says of one field; None and empty leave the field as it is."""

    __pydantic_config__ = _STRICT
    threshold: Score | None = None
    write: Literal["confirm", "auto", "never"] | None = None
    auto_above: Score | None = None
    ask: str | None = None
    refresh_days: int | None = None
    values: dict[str, str] = member(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    without: tuple[str, ...] = ()
    never: tuple[Never, ...] = ()
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class CueChange:
    """Cues that are added (one with a shipped name replaces that one) and shipped ones switched off."""

    __pydantic_config__ = _STRICT
    rules: tuple[Cue, ...] = ()
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InferenceChange:
    """The same for inferences."""

    __pydantic_config__ = _STRICT
    rules: tuple[Inference, ...] = ()
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pack:
    """A rule pack; the empty one changes nothing."""

    __pydantic_config__ = _STRICT
    note: str = ""
    lexicons: dict[str, WordChange] = member(default_factory=dict)
    fields: dict[str, FieldChange] = member(default_factory=dict)
    cues: CueChange = CueChange()
    inferences: InferenceChange = InferenceChange()

    @property
    def digest(self) -> str:
        """16 hex digits over the pack's canonical JSON, its note left out: the same rules, the same digest."""
        data = {k: v for k, v in pack_json(self).items() if k != "note"}
        text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


_adapter = TypeAdapter(Pack)


def read_pack(text: str, file: str = FILE) -> Pack:
    """A pack from YAML, in which nothing may be written as a reference. Raises ContractError."""
    try:
        referring = any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader))
    except (yaml.YAMLError, UnicodeError):
        referring = False  # read_yaml says what is wrong
    if referring:  # a few lines of references can stand for gigabytes
        raise ContractError(file, "-", "不支持 YAML 的引用（&…、*…）；请把内容写全")
    return pack_of(read_yaml(text, file) or {}, file)


def pack_of(data: Any, file: str = FILE) -> Pack:
    """A pack from its JSON. Raises ContractError."""
    pack: Pack = checked(data, Pack, file)
    return pack


def pack_json(pack: Pack) -> dict[str, Any]:
    """The pack as JSON, what says nothing left out; `pack_of` reads it back."""
    data: dict[str, Any] = _adapter.dump_python(pack, mode="json", exclude_defaults=True)
    return data


def pack_yaml(pack: Pack) -> str:
    """The pack as people edit it."""
    return yaml.safe_dump(pack_json(pack), allow_unicode=True, sort_keys=False, width=110)


def lay(contract: Contract, pack: Pack, file: str = FILE) -> Contract:
    """The contract with the pack over it. Raises ContractError, which names the pack's key and the cure."""
    if replace(pack, note="") == Pack():
        return contract
    for key, cure in _astray(contract, pack):
        raise ContractError(file, key, cure)
    changed = {name: _field(contract.fields[name], change) for name, change in pack.fields.items()}
    laid = replace(
        contract,
        version=hashlib.sha256(f"{contract.version}\0{pack.digest}".encode()).hexdigest()[:16],
        fields=contract.fields | changed,
        cues=_named(contract.cues, pack.cues.rules, pack.cues.without),
        inferences=_named(contract.inferences, pack.inferences.rules, pack.inferences.without),
        lexicons={name: _words(words, pack.lexicons.get(name)) for name, words in contract.lexicons.items()},
        pinned={name: change.threshold for name, change in pack.fields.items() if change.threshold},
    )
    with naming(file, laid):
        check_references(laid)
    return laid


@contextmanager
def naming(file: str, laid: Contract) -> Iterator[None]:
    """Within it, errors about a contract file are told about the pack: `fields.<field>.<key>`, `cues.<name>.<key>`,
    `inferences.<name>`; rules by their names."""
    try:
        yield
    except ContractError as error:
        name = error.file.removesuffix(".yaml")
        if name in ("cues", "inferences"):
            raise ContractError(file, f"{name}.{error.key}", error.cure) from None
        if error.file == file or name not in laid.fields:
            raise
        rules = laid.fields[name].rules
        key = _NUMBER.sub(lambda m: f"rules.{rules[int(m[1])].name}", error.key)
        raise ContractError(file, f"fields.{name}.{key}", error.cure) from None


def _named(held: tuple[R, ...], own: tuple[R, ...], without: tuple[str, ...]) -> tuple[R, ...]:
    """Records that serve, less those switched off; one with a name that is held replaces it in its place."""
    added = {record.name: record for record in own}
    kept = tuple(added.pop(r.name, r) for r in held if r.name not in without)
    return (*kept, *added.values())


def _field(field: Field, change: FieldChange) -> Field:
    capture = replace(
        field.capture,
        write=change.write or field.capture.write,
        auto_above=change.auto_above or field.capture.auto_above,
        ask=change.ask or field.capture.ask,
    )
    days = field.correction.refresh_days if change.refresh_days is None else change.refresh_days
    return replace(
        field,
        threshold=change.threshold or field.threshold,
        capture=capture,
        correction=replace(field.correction, refresh_days=days),
        values=field.values | change.values,
        rules=_named(field.rules, change.rules, change.without),
        never=(*field.never, *change.never),
        examples=(*change.examples, *field.examples),
    )


def _words(words: tuple[str, ...], change: WordChange | None) -> tuple[str, ...]:
    if change is None:
        return words
    return tuple(dict.fromkeys(w for w in (*words, *change.add) if w not in change.remove))


def _astray(contract: Contract, pack: Pack) -> Iterator[tuple[str, str]]:
    """Names in the pack that the contract does not know, and changes that contradict themselves."""
    for name, change in pack.lexicons.items():
        if name not in contract.lexicons:
            yield f"lexicons.{name}", f"没有词表 {name}；词表见 rules/lexicons/"
            continue
        gone = [w for w in change.remove if w not in contract.lexicons[name]]
        if gone:
            yield f"lexicons.{name}.remove", f"词表里没有「{gone[0]}」，去不掉"
        if any(not w.strip() for w in change.add):
            yield f"lexicons.{name}.add", "有一个空词；请删去"
    for name, patch in pack.fields.items():
        if name not in contract.fields:
            yield f"fields.{name}", f"没有字段 {name}；字段名见 rules/fields/"
            continue
        yield from ((f"fields.{name}.{key}", cure) for key, cure in _faults(contract.fields[name], patch))
    for part, held, own in (("cues", contract.cues, pack.cues), ("inferences", contract.inferences, pack.inferences)):
        yield from ((f"{part}.{key}", cure) for key, cure in _misnamed(held, own.rules, own.without))


def _misnamed(
    held: Sequence[Rule | Cue | Inference], own: Sequence[Rule | Cue | Inference], without: Sequence[str]
) -> Iterator[tuple[str, str]]:
    names, known = [record.name for record in own], {record.name for record in held}
    if twice := next((n for n in names if names.count(n) > 1), None):
        yield "rules", f"规则名 {twice!r} 重复了；每条规则要有自己的名字"
    if absent := next((n for n in without if n not in known), None):
        yield "without", f"这里没有规则 {absent!r}，关不掉"
    if blank := next(
        (r.name for r in own if not isinstance(r, Inference) and r.pattern is not None and not r.pattern.strip()), None
    ):
        yield f"rules.{blank}.pattern", "正则是空的；请写上（字段的规则也可以改用 words）"


def _faults(field: Field, change: FieldChange) -> Iterator[tuple[str, str]]:
    yield from _misnamed(field.rules, change.rules, change.without)
    if any(not words for rule in change.rules for words in (rule.words or ()) if not isinstance(rule.words, str)):
        yield "rules", "words 里有一个空词；请删去"
    if change.values and field.kind != "choice":
        yield "values", "只有 kind 是 choice 的字段有可选值"


def merged(base: Pack, more: Pack) -> Pack:
    """`base` with `more` over it: words and examples add up, rules of one name are replaced, settings overwritten."""
    lexicons = dict(base.lexicons)
    for name, change in more.lexicons.items():
        held = lexicons.get(name, WordChange())
        add = [w for w in (*held.add, *change.add) if w not in change.remove or w in change.add]
        remove = [w for w in (*held.remove, *change.remove) if w not in change.add]
        lexicons[name] = WordChange(_once(add), _once(remove))
    fields = dict(base.fields)
    for name, patch in more.fields.items():
        fields[name] = _over(fields.get(name, FieldChange()), patch)
    cues = CueChange(_joined(base.cues.rules, more.cues.rules), _once((*base.cues.without, *more.cues.without)))
    inferences = InferenceChange(
        _joined(base.inferences.rules, more.inferences.rules),
        _once((*base.inferences.without, *more.inferences.without)),
    )
    return Pack(more.note or base.note, lexicons, fields, cues, inferences)


def _over(held: FieldChange, change: FieldChange) -> FieldChange:
    return FieldChange(
        change.threshold or held.threshold,
        change.write or held.write,
        change.auto_above or held.auto_above,
        change.ask or held.ask,
        held.refresh_days if change.refresh_days is None else change.refresh_days,
        held.values | change.values,
        _joined(held.rules, change.rules),
        _once((*held.without, *change.without)),
        _once((*held.never, *change.never)),
        tuple({e.text: e for e in (*held.examples, *change.examples)}.values()),
    )


def _joined(held: tuple[R, ...], more: tuple[R, ...]) -> tuple[R, ...]:
    made = {record.name: record for record in (*held, *more)}
    return tuple(made.values())


def _once(items: Any) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(items))
