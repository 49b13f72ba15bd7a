"""Proposals to learn, from the decisions of a tenant: listed, tried, accepted in one step, or dismissed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from annotation.proposals import Observation, Proposal, candidate_proposal, joined, pack_for, propose
from extractor.overlay import Pack, lay
from extractor.patterns import fold
from extractor.types import Json
from service import sandbox
from service.engines import Engines
from service.problems import ServiceError
from service.store import mined, packs
from service.store.keys import Caller
from service.store.releases import Release

SHOWN = 10  # observations shown on either side
AROUND = 40  # code points of a note shown before and behind the words


def open_proposals(engines: Engines, connection: Connection, tenant: str) -> list[Proposal]:
    """What the decisions suggest to learn and no manager has answered."""
    with sandbox.refusals():
        contract = lay(engines.default.contract, sandbox.held(connection, tenant)[1])
    done, seen = packs.answered(connection, tenant), packs.observations(connection, tenant)
    found, wanted = propose(contract, seen), mined.candidates(connection, tenant)
    if wanted:
        texts = packs.texts(connection, sorted({o.note for o in seen}))
        told = [p for c in wanted if (p := candidate_proposal(contract, c, seen, texts)) is not None]
        found = joined(found, told)
    return [p for p in found if p.key not in done]


def proposal(engines: Engines, connection: Connection, tenant: str, key: str) -> Proposal:
    """Raises ServiceError 404 where there is no such open proposal."""
    found = next((p for p in open_proposals(engines, connection, tenant) if p.key == key), None)
    if found is None:
        raise ServiceError(404, "proposal.not_found", "没有这条建议，或者已经处理了")
    return found


def proposal_json(p: Proposal, title: str, texts: Mapping[str, str]) -> dict[str, Json]:
    """A proposal for people: what, how it was found, how often said, what speaks against it, in which notes' words."""
    return {
        "key": p.key, "kind": p.kind, "field": p.field, "title": title, "words": p.words, "value": p.value,
        "found": "said" if p.keyness is None else "mined", "keyness": p.keyness,
        "notes": p.notes, "decisions": len(p.support), "people": len({o.by for o in p.support}),
        "against": len(p.against), "support_examples": _shown(p, p.support, texts),
        "counter_examples": _shown(p, p.against, texts),
    }  # fmt: skip


def examined(found: Sequence[Proposal]) -> list[str]:
    """Ids of the notes that `proposal_json` quotes."""
    return sorted({o.note for p in found for side in (p.support, p.against) for o in side[:SHOWN]})


def _shown(p: Proposal, observations: Sequence[Observation], texts: Mapping[str, str]) -> list[Json]:
    return [
        {"words": o.words, "suggested": o.suggested, "final": o.final, "by": o.by, **_quoted(p, texts.get(o.note, ""))}
        for o in observations[:SHOWN]
    ]


def _quoted(p: Proposal, text: str) -> dict[str, Json]:
    """The words in the note around them; offsets into `text` in code points, none where they do not stand there."""
    at = fold(text).find(p.words)
    if at < 0:
        return {"text": text[: 2 * AROUND], "marks": []}
    start = max(0, at - AROUND)
    mark: Json = {"start": at - start, "end": at - start + len(p.words)}
    return {"text": text[start : at + len(p.words) + AROUND], "marks": [mark]}


def draft(engines: Engines, connection: Connection, tenant: str, key: str) -> tuple[Pack, str]:
    """The pack in force with the proposal in it, and the version in force (empty: none). Raises ServiceError."""
    found = proposal(engines, connection, tenant, key)
    ref, pack = sandbox.held(connection, tenant)
    with sandbox.refusals():
        return pack_for(sandbox.base_engine(engines, tenant), pack, found), ref or ""


def accept(
    connection: Connection, caller: Caller, key: str, made: tuple[Pack, str], share: float
) -> tuple[packs.Version, Release]:
    """Publish the draft of a proposal, found fit before. A canary that is running takes it in and keeps its share.

    Raises ServiceError 409 where somebody published or answered in between.
    """
    pack, parent = made
    running = sandbox.canary_share(connection, caller.tenant)
    packs.answer(connection, caller, key, "accepted")
    version, release = sandbox.publish(connection, caller, pack, share=running or share, parent=parent)
    packs.learned_in(connection, caller.tenant, key, version.id)
    return version, release
