"""The engine: find → judge → parse → choose → infer. Everything is an argument; nothing is remembered between notes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from extractor.choose import Finding, choose, group
from extractor.confidence import Calibrator, PriorCalibrator
from extractor.contract import Contract, Field, load_contract
from extractor.errors import NoteError
from extractor.explain import reason
from extractor.find import Finder, Findings
from extractor.infer import infer
from extractor.judge import KEPT, judge
from extractor.kinds import KINDS
from extractor.kinds.base import Parsed, Words
from extractor.reading import Reading, read
from extractor.types import Candidate, Claim, Dropped, Extraction, Note, Refused, Result, Why
from extractor.validate import barred, problem
from extractor.values.tables import tables_of

MAX_NOTE = 10_000  # code points


class Tagger(Protocol):
    """The model as the engine sees it: text in, candidates out. `digest` pins its bytes."""

    @property
    def digest(self) -> str: ...

    def tag(self, text: str) -> Sequence[Candidate]: ...

    def tag_many(self, texts: Sequence[str]) -> Sequence[Sequence[Candidate]]: ...


class Engine:
    """One bundle: contract, rules, model, calibrator. `bundle` is the digest over all of them."""

    def __init__(
        self,
        contract: Contract,
        *,
        tagger: Tagger | None = None,
        calibrator: Calibrator | None = None,
        finder: Finder | None = None,
    ) -> None:
        """`finder`: one built for the same contract already, to save building it again."""
        self.contract = contract
        self.tagger = tagger
        self.calibrator: Calibrator = calibrator or PriorCalibrator()
        self.finder = finder or Finder(contract)
        parts = (contract.version, tagger.digest if tagger else "no-model", self.calibrator.digest)
        self.bundle = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    def extract(self, note: Note) -> Result:
        """All fields of one note. Raises NoteError only for a note over the limit; no text raises anything else."""
        return self.reconcile(note, self.tagger.tag(note.text) if self.tagger else ())

    def extract_many(self, notes: Sequence[Note]) -> Iterator[Result]:
        """The same for many notes, with the model run in length-sorted batches; results in the order given."""
        tagged = self.tagger.tag_many([n.text for n in notes]) if self.tagger else [()] * len(notes)
        return (self.reconcile(note, found) for note, found in zip(notes, tagged, strict=True))

    def reconcile(self, note: Note, tagged: Sequence[Candidate]) -> Result:
        """Rules' and model's candidates become one result."""
        if len(note.text) > MAX_NOTE:
            raise NoteError("note.too_long", f"一条笔记最多 {MAX_NOTE} 字，这条有 {len(note.text)} 字；请拆成几条")
        reading = read(note, tables_of(self.contract.root))
        found = self.finder.find(reading)
        known = self.contract.fields  # the model may know a field that this contract does not have
        candidates = [*found.candidates, *(c for c in tagged if c.field in known)]
        claims = [(c, judge(c, candidates, found.cues, reading, self.contract)) for c in candidates]
        standing, dropped = self._parse(claims, reading)
        findings = [self._finding(g, note.text) for g in group(standing)]
        kept, others, lost = choose(findings, self.contract)
        stated = [self._extraction(f, reading, found) for f in kept]
        sure = [e for e in stated if e.confidence >= self._threshold(e.field)]
        unsure = [e for e in stated if e.confidence < self._threshold(e.field)]
        unsure += [self._extraction(f, reading, found) for f in others]
        fields = (*sure, *infer(sure, self.contract, note))
        return Result(note, self.bundle, fields, tuple(unsure), self._refused(found, stated), tuple(dropped + lost))

    def _threshold(self, field: str) -> float:
        pinned = self.contract.pinned.get(field)
        return pinned or self.calibrator.thresholds.get(field, self.contract.fields[field].threshold)

    def _parse(
        self, claims: Iterable[tuple[Candidate, Claim]], reading: Reading
    ) -> tuple[list[tuple[Candidate, Parsed, Claim]], list[Dropped]]:
        standing: list[tuple[Candidate, Parsed, Claim]] = []
        dropped: list[Dropped] = []
        for candidate, claim in claims:
            field = self.contract.fields[candidate.field]
            if claim.status not in KEPT:
                dropped.append(Dropped(candidate, "claim", claim.cue_name or claim.status, claim))
                continue
            parsed = self._value(field, candidate, reading)
            if isinstance(parsed, str):
                dropped.append(Dropped(candidate, "parse", parsed, claim))
            else:
                standing.append((candidate, parsed, claim))
        return standing, dropped

    def _value(self, field: Field, candidate: Candidate, reading: Reading) -> Parsed | str:
        """The canonical value, or the reason why the words do not make one."""
        note = reading.note
        words = Words(note.text, candidate.span, candidate.hint, reading.values, note.sent_at, self.contract.lexicons)
        parsed = KINDS[field.kind].parse(words)
        if parsed is None:
            return "这几个字里读不出这个字段的值"
        if field.never and barred(field, reading.raw.text, parsed.span, parsed.value):
            return "这几个字按规则不算这个字段"
        refused = problem(field, parsed.value, note.sent_at)
        return refused.message if refused else parsed

    def _finding(self, items: Sequence[tuple[Candidate, Parsed, Claim]], text: str) -> Finding:
        best, parsed, claim = items[0]
        candidates = tuple(c for c, _, _ in items)
        confidence = self.calibrator(best.field, candidates, claim)
        return Finding(best, parsed, claim, candidates, confidence, text[parsed.span.start : parsed.span.end])

    def _extraction(self, finding: Finding, reading: Reading, found: Findings) -> Extraction:
        field = self.contract.fields[finding.field]
        display = KINDS[field.kind].display(finding.parsed.value)
        why = Why(reason(finding, field, reading.note), finding.candidates)
        return Extraction(
            field.name, field.title, finding.parsed.value, display, (finding.span,), finding.confidence, "stated",
            finding.claim, why,
        )  # fmt: skip

    def _refused(self, found: Findings, stated: Sequence[Extraction]) -> tuple[Refused, ...]:
        """Refusals whose words did not after all give a value of that field."""
        have = [(e.field, s) for e in stated for s in e.evidence]
        return tuple(
            Refused(field.name, field.title, span, f"contract.{refusal.name}", refusal.message, refusal.ask)
            for field, refusal, span in found.refused
            if not any(name == field.name and span.overlaps(s) for name, s in have)
        )


def load_engine(
    root: Path | str | None = None, *, tagger: Tagger | None = None, calibrator: Calibrator | None = None
) -> Engine:
    """The engine over a contract folder (the shipped one by default)."""
    return Engine(load_contract(root), tagger=tagger, calibrator=calibrator)
