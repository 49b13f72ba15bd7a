"""Judge: how the note puts a finding. Stated, hedged, hearsay, or one of the ways in which it is no fact at all."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from extractor.contract import Contract, Cue
from extractor.reading import Reading
from extractor.scanner import Hit
from extractor.types import Candidate, Claim, Span, Status

# Strongest first: a candidate that is negated and hedged is negated.
ORDER: tuple[Status, ...] = (
    "retracted", "negated", "own_side", "other_party", "conditional", "past", "hedged", "hearsay", "stated",
)  # fmt: skip
KEPT: frozenset[Status] = frozenset(("stated", "hedged", "hearsay"))


def judge(
    candidate: Candidate, others: Sequence[Candidate], cues: Sequence[Hit[Cue]], reading: Reading, contract: Contract
) -> Claim:
    """The strongest claim that any cue in reach puts on the candidate; `cues` are in text order."""
    field = contract.fields[candidate.field]
    hits = [
        hit
        for hit in _same_sentence(cues, candidate.span, reading)
        if hit.owner.status not in field.ignore_claims
        and _applies(hit.owner, candidate.field)
        and _in_reach(hit, candidate.span, reading)
        and (hit.owner.status != "retracted" or _replaced(hit, candidate, others, reading, contract))
    ]
    if not hits:
        return Claim() if candidate.certain is not False else Claim("hedged", certain=False)
    best = min(hits, key=lambda hit: (ORDER.index(hit.owner.status), -hit.whole.start))
    speaker = next((hit.speaker for hit in hits if hit.speaker), None)
    certain = all(hit.owner.certain is not False for hit in hits if hit.owner.status in KEPT)
    return Claim(best.owner.status, certain, speaker, best.span, best.owner.name)


def _same_sentence(cues: Sequence[Hit[Cue]], span: Span, reading: Reading) -> Sequence[Hit[Cue]]:
    """No cue reaches beyond its sentence; in a long note most are elsewhere."""
    if len(cues) < 8:
        return cues
    around = reading.sentence(span)
    first = bisect_left(cues, around.start, key=_start)
    return cues[first : bisect_left(cues, around.end, lo=first, key=_start)]


def _start(hit: Hit[Cue]) -> int:
    return hit.span.start


def _applies(cue: Cue, field: str) -> bool:
    return (not cue.fields or field in cue.fields) and field not in cue.except_fields


def _in_reach(hit: Hit[Cue], span: Span, reading: Reading) -> bool:
    cue, at = hit.owner, hit.span
    if at.overlaps(span):
        return False
    around = reading.sentence(span) if cue.scope == "sentence" else reading.clause(span)
    if not at.within(around):
        return False
    distance = span.start - at.end if at.end <= span.start else at.start - span.end
    wrong_side = (cue.scope == "before" and at.start > span.start) or (cue.scope == "after" and at.start < span.start)
    return not wrong_side and distance <= cue.reach


def _replaced(
    hit: Hit[Cue], candidate: Candidate, others: Sequence[Candidate], reading: Reading, contract: Contract
) -> bool:
    """A retraction holds only where another finding of the same field (or its rivals) follows the cue."""
    if candidate.span.start > hit.span.start:
        return False
    fields = contract.fields
    rival = fields[candidate.field].rival
    same = {name for name, f in fields.items() if name == candidate.field or (rival and f.rival == rival)}
    around = reading.sentence(hit.span)
    return any(o.field in same and hit.span.end <= o.span.start < around.end for o in others)
