"""Results as the interface's JSON."""

from __future__ import annotations

from extractor.explain import why_lost
from extractor.types import Candidate, Claim, Dropped, Extraction, Json, Note, Refused, Result, Span


def result_json(result: Result, *, explain: bool = False) -> dict[str, Json]:
    """`{"id", "bundle", "fields", "unsure", "refused"}`, and `dropped` where the trace is asked for."""
    note = result.note
    out: dict[str, Json] = {
        "id": note.id,
        "bundle": result.bundle,
        "fields": [extraction_json(e, note, explain=explain) for e in result.fields],
        "unsure": [extraction_json(e, note, explain=explain) for e in result.unsure],
        "refused": [_refused(r, note) for r in result.refused],
    }
    if explain:
        out["dropped"] = [_dropped(d, note) for d in result.dropped]
    return out


def extraction_json(e: Extraction, note: Note, *, explain: bool = False) -> dict[str, Json]:
    """One field as in the interface; with `candidates` (every finder and its score) where explained."""
    out: dict[str, Json] = {
        "field": e.field,
        "title": e.title,
        "value": e.value,
        "display": e.display,
        "confidence": e.confidence,
        "basis": e.basis,
        "certain": e.certain,
        "claim": _claim(e.claim, note),
        "evidence": [_words(s, note) for s in e.evidence],
        "sources": [e.why.rule] if e.why.rule else list(dict.fromkeys(c.source for c in e.why.candidates)),
        "why": e.why.sentence,
    }
    if e.why.rule:
        out["premises"] = [_words(s, note) for s in e.why.premises]
    if explain:
        out["candidates"] = [_candidate(c, note) for c in e.why.candidates]
    return out


def _words(span: Span, note: Note) -> dict[str, Json]:
    return {"start": span.start, "end": span.end, "text": note.text[span.start : span.end]}


def _claim(claim: Claim, note: Note) -> dict[str, Json]:
    out: dict[str, Json] = {"status": claim.status}
    if claim.speaker:
        out["speaker"] = note.text[claim.speaker.start : claim.speaker.end]
    if claim.cue:
        out["cue"] = _words(claim.cue, note)
    return out


def _candidate(c: Candidate, note: Note) -> dict[str, Json]:
    return {"field": c.field, **_words(c.span, note), "score": c.score, "source": c.source, "value": c.hint}


def _refused(r: Refused, note: Note) -> dict[str, Json]:
    return {
        "field": r.field, "title": r.title, "code": r.code, "message": r.message, "ask": r.ask,
        "evidence": [_words(r.span, note)],
    }  # fmt: skip


def _dropped(d: Dropped, note: Note) -> dict[str, Json]:
    return {
        **_candidate(d.candidate, note),
        "stage": d.stage,
        "claim": _claim(d.claim, note),
        "why": why_lost(d.stage, d.reason, d.claim),
        "lost_to": _candidate(d.winner, note) if d.winner else None,
    }
