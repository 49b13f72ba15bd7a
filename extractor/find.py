"""Find: all rules, refusals and cues of a contract over one reading, in three scans."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from extractor.contract import Contract, Cue, Field, Refusal, Rule
from extractor.patterns import VALUE_TOKENS, references
from extractor.reading import Reading, View, mask, widened
from extractor.scanner import Hit, Pattern, Scanner, Tokens
from extractor.types import Candidate, Span


@dataclass(frozen=True, slots=True, eq=False)
class Owner:
    """What a pattern belongs to: a rule or refusal of a field, or a cue."""

    item: Rule | Refusal | Cue
    field: Field | None = None
    near: Pattern | None = None
    unless: Pattern | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """Candidates by rules, words that were refused, and cues; offsets are raw."""

    candidates: tuple[Candidate, ...]
    refused: tuple[tuple[Field, Refusal, Span], ...]
    cues: tuple[Hit[Cue], ...]


class Finder:
    """The compiled rules of one contract. `find` is a pure function of the reading."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        sources = list(_sources(contract))
        mentioned = {name for _, texts, _ in sources for text in texts for name in references(text)}
        self._token_fields = tuple(name for name in contract.fields if name in mentioned)
        self._tokens = Tokens(self._token_fields, contract.lexicons)
        levels: list[list[tuple[Owner, str | Sequence[str]]]] = [[], [], []]
        self._masked: list[set[str]] = [set(), set(), set()]
        for owner, texts, main in sources:
            level = self._level(texts)
            levels[level].append((owner, main))
            self._masked[level].update(name for text in texts for name in references(text))
        self._scanners = [self._scanner(level) for level in levels]

    def find(self, reading: Reading) -> Findings:
        """Everything the rules point at, in text order within each view."""
        candidates: list[Candidate] = []
        narrow: list[tuple[int, Rule, Field]] = []
        refused: list[tuple[Field, Refusal, Span]] = []
        cues: list[Hit[Cue]] = []
        for view, scanner in self._views(reading, candidates):
            for hit in scanner.scan(view):
                item, field = hit.owner.item, hit.owner.field
                if isinstance(item, Cue):
                    cues.append(Hit(item, hit.span, hit.whole, hit.speaker))
                elif field and isinstance(item, Refusal):
                    refused.append((field, item, hit.span))
                elif field and isinstance(item, Rule) and _holds(hit, view, reading):
                    if item.widen:
                        narrow.append((len(candidates), item, field))
                    candidates.append(Candidate(field.name, hit.span, item.score, hit.owner.source, item.value))
        for n, rule, field in narrow:
            stops = [c.span for c in candidates if c.field in field.apart_from]
            span = widened(candidates[n].span, rule.widen, reading.raw.text, stops)
            candidates[n] = replace(candidates[n], span=span)
        cues.sort(key=lambda hit: hit.span)
        return Findings(tuple(candidates), tuple(refused), tuple(cues))

    def patterns(self) -> Iterator[Pattern]:
        """Every compiled pattern, conditions included; compiling one that is wrong raises ContractError."""
        for scanner in self._scanners:
            for owner, pattern in scanner.patterns:
                yield pattern
                yield from (p for p in (owner.near, owner.unless) if p)

    def _views(self, reading: Reading, candidates: list[Candidate]) -> Iterator[tuple[View, Scanner[Owner]]]:
        """The raw view, the one with value tokens, the one with field tokens too (built from what was found so far).

        Only what the rules of a view speak of is a token there: other values stay the words they are.
        """
        yield reading.raw, self._scanners[0]
        yield mask(reading.raw, self._values(reading, 1)), self._scanners[1]
        spans = self._values(reading, 2)
        found = [(c.span, self._tokens.of[c.field]) for c in candidates if c.field in self._token_fields]
        clear = [(s, t) for s, t in found if not any(s.overlaps(v) for v, _ in spans)]
        yield mask(reading.raw, spans + clear), self._scanners[2]

    def _values(self, reading: Reading, level: int) -> list[tuple[Span, str]]:
        return [(f.span, self._tokens.of[f.type]) for f in reading.values if f.type in self._masked[level]]

    def _level(self, texts: Iterable[str]) -> int:
        names = {name for text in texts for name in references(text)}
        return 0 if not names else 1 if names <= set(VALUE_TOKENS) else 2

    def _scanner(self, level: Sequence[tuple[Owner, str | Sequence[str]]]) -> Scanner[Owner]:
        patterns, words = [], []
        for owner, main in level:
            owner = self._with_conditions(owner)
            if isinstance(main, str):
                patterns.append((owner, self._pattern(owner, main, "pattern")))
            else:
                words.append((owner, main))
        return Scanner(patterns, words)

    def _with_conditions(self, owner: Owner) -> Owner:
        if not isinstance(owner.item, Rule):
            return owner
        near = self._pattern(owner, owner.item.near, "near") if owner.item.near else None
        unless = self._pattern(owner, owner.item.unless, "unless") if owner.item.unless else None
        return replace(owner, near=near, unless=unless)

    def _pattern(self, owner: Owner, source: str, key: str) -> Pattern:
        file = f"{owner.field.name}.yaml" if owner.field else "cues.yaml"
        return self._tokens.pattern(source, file, f"{owner.item.name}.{key}")


def _sources(contract: Contract) -> Iterator[tuple[Owner, tuple[str, ...], str | Sequence[str]]]:
    """Each record with all its pattern texts and its main one (a pattern, or words)."""
    for field in contract.fields.values():
        for rule in field.rules:
            words = contract.lexicons[rule.words] if isinstance(rule.words, str) else rule.words
            texts = tuple(t for t in (rule.pattern, rule.near, rule.unless) if t)
            yield Owner(rule, field, source=f"rule:{field.name}/{rule.name}"), texts, rule.pattern or words or ()
        for refusal in field.refusals:
            yield Owner(refusal, field), (refusal.pattern,), refusal.pattern
    for cue in contract.cues:
        yield Owner(cue), (cue.pattern,), cue.pattern


def _holds(hit: Hit[Owner], view: View, reading: Reading) -> bool:
    """Whether the rule's `near` and `unless` agree with the sentence around the match."""
    near, unless = hit.owner.near, hit.owner.unless
    if near is None and unless is None:
        return True
    around = reading.sentence(hit.whole)
    if near is not None and not near.search(view, around.start, around.end):
        return False
    return unless is None or not unless.search(view, around.start, around.end)
