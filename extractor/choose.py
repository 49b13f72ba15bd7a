"""Choose: overlaps and duplicates resolved by one stated policy.

1. Findings of one field on overlapping words are one finding; the strongest candidate names its value and place.
2. Fields that are rivals (`rival` in the contract: two time fields, competitor and device) cannot share words:
   the most confident keeps them.
   Where rule and model read another value of a list in the same words, the loser is kept for the rep to see.
3. The same value again is one value: the more confident, then the earlier place stays. For roles the same person
   (`identity: evidence`) is one value, and has one role.
4. A single-valued field keeps its most confident value, then the latest said.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from extractor.contract import Contract
from extractor.kinds.base import Parsed
from extractor.types import Candidate, Claim, Dropped, Span

Item = tuple[Candidate, Parsed, Claim]


@dataclass(frozen=True, slots=True)
class Finding:
    """A candidate that stands and parses, with those that agree; `confidence` is final, `words` is the evidence."""

    best: Candidate
    parsed: Parsed
    claim: Claim
    candidates: tuple[Candidate, ...]
    confidence: float
    words: str
    rival: Candidate | None = None  # what the other side, rule or model, reads in the same words

    @property
    def field(self) -> str:
        return self.best.field

    @property
    def span(self) -> Span:
        return self.parsed.span


def group(parsed: Iterable[Item]) -> list[list[Item]]:
    """Parsed candidates of the same field whose evidence overlaps and whose values agree, strongest first.

    Of overlapping ones that disagree on an enum value each value is a group of its own; rule 1 decides later.
    """
    groups: list[list[Item]] = []
    at: dict[tuple[str, int], list[int]] = {}  # field and character → groups whose strongest candidate covers it
    for item in sorted(parsed, key=_strength, reverse=True):
        candidate, span = item[0], item[1].span
        places = [(candidate.field, place) for place in range(span.start, span.end)]
        near = {number for place in places for number in at.get(place, ())}
        home = next((n for n in sorted(near) if _agrees(groups[n][0][0], candidate)), None)
        if home is not None:
            groups[home].append(item)
            continue
        for place in places:
            at.setdefault(place, []).append(len(groups))
        groups.append([item])
    return groups


def _strength(item: Item) -> tuple[float, int, int]:
    candidate, parsed, _ = item
    return candidate.score, parsed.span.end - parsed.span.start, -parsed.span.start


def _agrees(a: Candidate, b: Candidate) -> bool:
    return a.hint == b.hint or not (a.hint and b.hint)


def choose(findings: Sequence[Finding], contract: Contract) -> tuple[list[Finding], list[Finding], list[Dropped]]:
    """The findings that stay, in text order; other readings of the same words; losers with the winner each lost to."""
    kept = _Kept(contract)
    others: list[Finding] = []
    dropped: list[Dropped] = []
    for finding in sorted(findings, key=lambda f: (-f.confidence, f.span, f.field)):
        number, reason = kept.winner(finding)
        if number is None:
            kept.add(finding)
            continue
        winner = kept.findings[number]
        if _disagrees(winner, finding):
            kept.findings[number] = replace(winner, rival=finding.best)
            others.append(replace(finding, rival=winner.best))
        else:
            dropped += [Dropped(c, "choose", reason, finding.claim, winner.best) for c in finding.candidates]
    return sorted(kept.findings, key=lambda f: (f.span, f.field)), others, dropped


def _disagrees(winner: Finding, other: Finding) -> bool:
    """Rule against model on the value of the same words."""
    same_words = winner.field == other.field and winner.span.overlaps(other.span)
    sides = {c.source.partition(":")[0] for c in (winner.best, other.best)}
    return same_words and len(sides) == 2 and winner.rival is None and winner.best.hint != other.best.hint


class _Kept:
    """Findings that stay, found again by place, value or field: the cost of a note grows with its length, no faster."""

    def __init__(self, contract: Contract) -> None:
        self.findings: list[Finding] = []
        self._fields = contract.fields
        self._at: dict[tuple[str, int], int] = {}  # rivals or field, and character → number
        self._by_value: dict[tuple[str, str], int] = {}
        self._by_field: dict[str, int] = {}

    def add(self, finding: Finding) -> None:
        number, field = len(self.findings), self._fields[finding.field]
        self.findings.append(finding)
        self._at |= {
            (field.rival or field.name, place): number for place in range(finding.span.start, finding.span.end)
        }
        self._by_value[field.name, _identity(finding, field.identity)] = number
        self._by_field.setdefault(field.name, number)

    def winner(self, finding: Finding) -> tuple[int | None, str]:
        """The number of the finding that this one loses to, and why; None where it stays."""
        field = self._fields[finding.field]
        group = field.rival or field.name
        places = range(finding.span.start, finding.span.end)
        met = min((n for place in places if (n := self._at.get((group, place))) is not None), default=None)
        if met is not None:
            other = self.findings[met].field
            if other == field.name:
                return met, "同一处文字已有更可信的读法"
            return met, f"这几个字更像「{self._fields[other].title}」"
        same = self._by_value.get((field.name, _identity(finding, field.identity)))
        if same is not None:
            return same, "同一个值已经有更明确的出处"
        if not field.many and field.name in self._by_field:
            return self._by_field[field.name], "这个字段只取一个值，另一处更可信"
        return None, ""


def _identity(finding: Finding, identity: str) -> str:
    """What makes two findings one: the value, or, where the evidence says who it is about, the words."""
    return finding.words if identity == "evidence" else repr((finding.best.hint, finding.parsed.value))
