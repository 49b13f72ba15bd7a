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


def group(parsed: Iterable[tuple[Candidate, Parsed, Claim]]) -> list[list[tuple[Candidate, Parsed, Claim]]]:
    """Parsed candidates of the same field whose evidence overlaps and whose values agree, strongest first.

    Of overlapping ones that disagree on an enum value each value is a group of its own; rule 1 decides later.
    """
    groups: list[list[tuple[Candidate, Parsed, Claim]]] = []
    for item in sorted(parsed, key=_strength, reverse=True):
        home = next((g for g in groups if _agrees(g[0], item)), None)
        if home is None:
            groups.append([item])
        else:
            home.append(item)
    return groups


def _strength(item: tuple[Candidate, Parsed, Claim]) -> tuple[float, int, int]:
    candidate, parsed, _ = item
    return candidate.score, parsed.span.end - parsed.span.start, -parsed.span.start


def _agrees(a: tuple[Candidate, Parsed, Claim], b: tuple[Candidate, Parsed, Claim]) -> bool:
    same_place = a[0].field == b[0].field and a[1].span.overlaps(b[1].span)
    return same_place and (a[0].hint == b[0].hint or not (a[0].hint and b[0].hint))


def choose(findings: Sequence[Finding], contract: Contract) -> tuple[list[Finding], list[Finding], list[Dropped]]:
    """The findings that stay, in text order; other readings of the same words; losers with the winner each lost to."""
    kept: list[Finding] = []
    others: list[Finding] = []
    dropped: list[Dropped] = []
    for finding in sorted(findings, key=lambda f: (-f.confidence, f.span, f.field)):
        winner, reason = _winner(finding, kept, contract)
        if winner is None:
            kept.append(finding)
        elif _disagrees(winner, finding):
            kept[kept.index(winner)] = replace(winner, rival=finding.best)
            others.append(replace(finding, rival=winner.best))
        else:
            dropped += [Dropped(c, "choose", reason, finding.claim, winner.best) for c in finding.candidates]
    return sorted(kept, key=lambda f: (f.span, f.field)), others, dropped


def _disagrees(winner: Finding, other: Finding) -> bool:
    """Rule against model on the value of the same words."""
    same_words = winner.field == other.field and winner.span.overlaps(other.span)
    sides = {c.source.partition(":")[0] for c in (winner.best, other.best)}
    return same_words and len(sides) == 2 and winner.rival is None and winner.best.hint != other.best.hint


def _winner(finding: Finding, kept: Sequence[Finding], contract: Contract) -> tuple[Finding | None, str]:
    field = contract.fields[finding.field]
    for other in kept:
        if other.span.overlaps(finding.span):
            if other.field == finding.field:
                return other, "同一处文字已有更可信的读法"
            if field.rival and contract.fields[other.field].rival == field.rival:
                return other, f"这几个字更像「{contract.fields[other.field].title}」"
        if other.field == finding.field and _same(other, finding, field.identity):
            return other, "同一个值已经有更明确的出处"
        if other.field == finding.field and not field.many:
            return other, "这个字段只取一个值，另一处更可信"
    return None, ""


def _same(a: Finding, b: Finding, identity: str) -> bool:
    """The same value, or, where the evidence says who it is about, the same words."""
    if identity == "evidence":
        return a.words == b.words
    return (a.best.hint, a.parsed.value) == (b.best.hint, b.parsed.value)
