"""Learning without training: from what people keep correcting, words that should mean something, or should not.

    alias   words that people keep turning into one value of a list: 「财评」 → 政府拨款
    word    a name that people keep confirming and no word list knows
    block   words that people keep rejecting

Each was found in the words that people decided on, or (`annotation.mining`) in the notes as a whole. A proposal is a
small rule pack with its support, its counter-examples and examples of its own. Only fields with a list of values or
with a word list can learn so: names of people, phones, times and amounts never enter a pack.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from annotation.packs import engine_with
from extractor.check import failures
from extractor.contract import Contract, Example, Expect, Field, Never, Rule
from extractor.errors import ContractError
from extractor.overlay import FieldChange, Pack, WordChange, lay, merged
from extractor.patterns import fold
from extractor.pipeline import Engine
from extractor.types import Json

TEMPLATES = Path(__file__).parent / "data" / "proposals.yaml"
LONGEST = 12  # code points of a learned word
SCORE = 0.9  # of a learned rule
Kind = Literal["alias", "word", "block"]


@dataclass(frozen=True, slots=True)
class Observation:
    """One decision: the evidence `words` (as written), the value suggested and the one that holds (None: rejected)."""

    note: str
    field: str
    words: str
    suggested: Json
    final: Json
    by: str
    decision: str


@dataclass(frozen=True, slots=True)
class Limits:
    """From how many notes on something is proposed, and what share of those that decide it must say so."""

    support: int = 3
    agreement: float = 0.75


@dataclass(frozen=True, slots=True)
class Candidate:
    """A mined word for a value: `keyness` is the log-likelihood ratio that it keeps to that value's notes."""

    kind: Kind
    field: str
    words: str
    value: str | None
    keyness: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """What to learn: `value` is the value of the list (alias), None otherwise; `support` and `against` in decisions.

    `keyness` says that it was mined from whole notes, None that it stood in the words people decided on.
    """

    kind: Kind
    field: str
    words: str
    value: str | None
    support: tuple[Observation, ...]
    against: tuple[Observation, ...]
    keyness: float | None = None

    @property
    def key(self) -> str:
        """The same proposal has the same key, however its support grows."""
        text = json.dumps([self.kind, self.field, self.words, self.value], ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def notes(self) -> int:
        return len({o.note for o in self.support})


def propose(contract: Contract, observations: Iterable[Observation], limits: Limits = Limits()) -> list[Proposal]:
    """What the decisions suggest to learn, most supported first; nothing that the contract says already."""
    by_field: dict[str, list[Observation]] = defaultdict(list)
    for observation in observations:
        field = contract.fields.get(observation.field)
        if field is not None and learns(field):
            by_field[field.name].append(observation)
    found = [p for name, seen in by_field.items() for p in _of_field(contract, contract.fields[name], seen, limits)]
    return sorted(found, key=lambda p: (-p.notes, p.field, p.words))


def taught_values(contract: Contract, seen: Iterable[Observation]) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Field, value and the notes in which people put that value, of fields with a list of values."""
    notes: dict[tuple[str, str], set[str]] = defaultdict(set)
    for o in seen:
        field = contract.fields.get(o.field)
        if field is not None and field.kind == "choice" and learns(field) and _taught(o):
            notes[o.field, str(o.final)].add(o.note)
    yield from ((field, value, frozenset(held)) for (field, value), held in sorted(notes.items()))


def candidate_proposal(
    contract: Contract,
    found: Candidate,
    seen: Iterable[Observation],
    texts: Mapping[str, str],
    limits: Limits = Limits(),
) -> Proposal | None:
    """A mined word with what the notes now say for and against it; None where that is too little, or known already."""
    field = contract.fields.get(found.field)
    if field is None or found.value is None or _has(found.words, _own_words(field, found.value)):
        return None
    here = [o for o in seen if o.field == found.field and found.words in fold(texts.get(o.note, ""))]
    support = tuple(o for o in here if _taught(o) and o.final == found.value)
    settled = {o.note for o in here if o.final == found.value}
    against = tuple(o for o in here if o.final != found.value and o.note not in settled)
    if not _enough(support, against, limits):
        return None
    return Proposal(found.kind, found.field, found.words, found.value, support, against, found.keyness)


def joined(said: Sequence[Proposal], mined: Iterable[Proposal]) -> list[Proposal]:
    """Both, without mined words that hold, or lie in, words found for the same value before them."""
    made = list(said)
    for proposal in mined:
        known = (p.words for p in made if (p.kind, p.field, p.value) == (proposal.kind, proposal.field, proposal.value))
        if not any(words in proposal.words or proposal.words in words for words in known):
            made.append(proposal)
    return made


def learns(field: Field) -> bool:
    """Whether words of a field may enter a pack: it has a list of values, or a word list of names."""
    return (field.kind == "choice" and field.identity == "value") or (field.kind == "text" and bool(word_list(field)))


def word_list(field: Field) -> str | None:
    """The word list that holds a field's names."""
    return next((r.words for r in field.rules if isinstance(r.words, str) and not r.widen), None)


def _of_field(contract: Contract, field: Field, seen: Sequence[Observation], limits: Limits) -> Iterator[Proposal]:
    if field.kind == "choice":
        values = sorted({o.final for o in seen if _taught(o)}, key=str)
        for value in values:
            known = _own_words(field, str(value))
            wanted = [o for o in seen if _taught(o) and o.final == value and not _has(o.words, known)]
            others = [o for o in seen if o.final != value]
            yield from _words("alias", field, str(value), wanted, others, limits)
    elif (name := word_list(field)) is not None:
        listed = set(map(fold, contract.lexicons[name]))
        held = [o for o in map(_named, seen) if o is not None and fold(o.words) not in listed]
        rejected = [o for o in seen if o.final is None]
        yield from _exact("word", field, held, rejected, limits)
    rejected = [o for o in seen if o.final is None]
    barred = {fold(w) for never in field.never for w in never.words}
    fresh = [o for o in rejected if fold(o.words) not in barred]
    yield from _exact("block", field, fresh, [o for o in seen if o.final is not None], limits)


def _taught(o: Observation) -> bool:
    """People put another value in the place of the suggested one."""
    return isinstance(o.final, str) and o.final != o.suggested


def _own_words(field: Field, value: str) -> list[str]:
    """Words that rules of the field itself, not its word lists, give this value."""
    lists = (r.words for r in field.rules if r.value == value and isinstance(r.words, tuple))
    return [word for words in lists for word in words]


def _has(words: str, known: Iterable[str]) -> bool:
    return any(fold(w) in fold(words) for w in known)


def _named(o: Observation) -> Observation | None:
    """For a name the words to learn are the name that people let stand."""
    if not isinstance(o.final, str) or not o.final.strip():
        return None
    return Observation(o.note, o.field, o.final, o.suggested, o.final, o.by, o.decision)


def _exact(
    kind: Kind, field: Field, wanted: Sequence[Observation], others: Sequence[Observation], limits: Limits
) -> Iterator[Proposal]:
    """Whole evidence alone: a name, or words that were rejected."""
    groups: dict[str, list[Observation]] = defaultdict(list)
    for o in wanted:
        if 2 <= len(o.words) <= LONGEST:
            groups[fold(o.words)].append(o)
    for words, support in groups.items():
        against = [o for o in others if words in fold(o.words)]
        if _enough(support, against, limits):
            yield Proposal(kind, field.name, words, None, tuple(support), tuple(against))


def _words(
    kind: Kind, field: Field, value: str, wanted: Sequence[Observation], others: Sequence[Observation], limits: Limits
) -> Iterator[Proposal]:
    """The stretch that the corrected evidence has in common (「等财评」, 「财评那边」: 财评), the most notes first."""
    holders: dict[str, list[Observation]] = defaultdict(list)
    for o in wanted:
        for part in _parts(fold(o.words)):
            holders[part].append(o)
    left = {o.note for o in wanted}
    ranked = sorted(holders, key=lambda w: (-len({o.note for o in holders[w]}), -len(w), w))
    for words in ranked:
        against = [o for o in others if words in fold(o.words)]
        fresh = {o.note for o in holders[words]} & left
        if len(fresh) >= limits.support and _enough(holders[words], against, limits):
            left -= fresh
            yield Proposal(kind, field.name, words, value, tuple(holders[words]), tuple(against))


def _parts(text: str) -> set[str]:
    most = min(len(text), LONGEST)
    return {text[a : a + n] for n in range(2, most + 1) for a in range(len(text) - n + 1) if text[a : a + n].isalnum()}


def _enough(support: Sequence[Observation], against: Sequence[Observation], limits: Limits) -> bool:
    notes, contrary = len({o.note for o in support}), len({o.note for o in against})
    return notes >= limits.support and notes / (notes + contrary) >= limits.agreement


def pack_for(base: Engine, held: Pack, proposal: Proposal) -> Pack:
    """The pack in force with the proposal in it and examples that hold on the engine it makes.

    Raises ContractError where the proposal no longer fits the contract.
    """
    field = lay(base.contract, held).fields[proposal.field]
    bare = merged(held, Pack(_note(field, proposal), *_change(field, proposal)))
    engine = engine_with(base, bare)
    examples = tuple(_examples(engine, proposal))
    change = FieldChange(examples=examples)
    return merged(bare, Pack(fields={proposal.field: change}))


def _note(field: Field, p: Proposal) -> str:
    match p.kind:
        case "alias":
            return f"{field.title}：「{p.words}」是{p.value}"
        case "word":
            return f"{field.title}：「{p.words}」收进词表"
    return f"{field.title}：「{p.words}」不算"


def _change(field: Field, p: Proposal) -> tuple[dict[str, WordChange], dict[str, FieldChange]]:
    if p.kind == "word":
        name = word_list(field)
        if name is None:
            raise ContractError(f"{field.name}.yaml", "rules", "这个字段已经没有词表")
        return {name: WordChange(add=(p.words,))}, {}
    if p.kind == "block":
        return {}, {field.name: FieldChange(never=(Never((p.words,)),))}
    name = f"学会：{p.value}"
    before = next((r for r in field.rules if r.name == name), None)
    words = before.words if before and isinstance(before.words, tuple) else ()
    rule = Rule(name, SCORE, words=tuple(dict.fromkeys((*words, p.words))), value=p.value)
    wrong = sorted({o.suggested for o in p.support if isinstance(o.suggested, str) and o.suggested != p.value})
    return {}, {field.name: FieldChange(rules=(rule,), never=tuple(Never((p.words,), w) for w in wrong))}


def _examples(engine: Engine, p: Proposal) -> Iterator[Example]:
    """One sentence in which the words are found and one in which they are not; a blocked word is found in none."""
    field, given = engine.contract.fields[p.field], _templates()
    expect = (Expect(value=p.value if p.kind == "alias" else p.words),)
    wanted = given["positive"] if p.kind != "block" else ()
    tried = [(Example(t.format(word=p.words), expect)) for t in wanted]
    refused = [Example(t.format(word=p.words)) for t in (given["positive"] if p.kind == "block" else given["negative"])]
    for group in (tried, refused):
        good = next((e for e in group if not any(failures(engine, field, 0, e))), None)
        if good is not None:
            yield good
    yield Example(given["nothing"])


@cache
def _templates() -> Mapping[str, Any]:
    data: Mapping[str, Any] = yaml.safe_load(TEMPLATES.read_text(encoding="utf-8"))
    return data
