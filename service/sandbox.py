"""Trying rule packs against the history, publishing them for a share of the notes, and taking them back."""

from __future__ import annotations

import base64
import binascii
import difflib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection

from annotation.packs import Trial, trial
from annotation.sandbox import Effect, effect
from extractor.check import Trouble
from extractor.errors import ContractError
from extractor.overlay import Pack, pack_json, pack_of, pack_yaml
from extractor.pipeline import Engine
from extractor.types import Json
from service.engines import Engines
from service.problems import ServiceError
from service.store import audit, packs, releases, shadows
from service.store.keys import Caller
from service.store.releases import Release

KIND: releases.Kind = "rules"


@contextmanager
def refusals() -> Iterator[None]:
    """A pack that cannot be used is a 422 with its file, key and cure."""
    try:
        yield
    except ContractError as error:
        extra: dict[str, Json] = {"file": error.file, "key": error.key, "cure": error.cure}
        raise ServiceError(422, error.code, str(error), extra=extra) from None


def base_engine(engines: Engines, tenant: str) -> Engine:
    """The tenant's model over the contract without any pack."""
    return _bare(engines.pick(tenant, ""), engines.default)


@lru_cache(maxsize=8)
def _bare(live: Engine, default: Engine) -> Engine:
    if live.contract is default.contract:
        return live
    return Engine(default.contract, tagger=live.tagger, calibrator=live.calibrator)


def tried(engines: Engines, tenant: str, pack: Pack) -> Trial:
    """The pack on the tenant's engine with its examples run. Raises ServiceError 422."""
    with refusals():
        return _trial(base_engine(engines, tenant), json.dumps(pack_json(pack), sort_keys=True))


@lru_cache(maxsize=8)
def _trial(base: Engine, pack: str) -> Trial:
    return trial(base, pack_of(json.loads(pack)))


def report(
    engines: Engines, connection: Connection, caller: Caller, pack: Pack, *, limit: int, cursor: str | None = None
) -> dict[str, Any]:
    """The pack on the newest `limit` notes (those behind `cursor`): examples, the effect on each field, where to go on.

    Raises ServiceError 422 for a pack that cannot be used.
    """
    ready = tried(engines, caller.tenant, pack)
    stored, following = packs.history(connection, caller.tenant, limit=limit, before=_place(cursor))
    made = list(effect(engines.pick(caller.tenant, ""), ready.engine, stored))[-1]
    return {
        "contract": ready.engine.contract.version, "digest": pack.digest, "examples": examples_json(ready),
        "effect": made.to_json(), "total": packs.count(connection, caller.tenant),
        "next": _cursor(following) if following else None,
    }  # fmt: skip


def growing(engines: Engines, connection: Connection, tenant: str, pack: Pack, *, most: int) -> Iterator[Effect]:
    """The effect on the newest `most` notes, yielded as it grows. Raises ServiceError 422."""
    ready = tried(engines, tenant, pack)
    stored, _ = packs.history(connection, tenant, limit=most)
    yield from effect(engines.pick(tenant, ""), ready.engine, stored)


def examples_json(ready: Trial) -> dict[str, Json]:
    """How many examples the pack has, which fail, and which shipped ones no longer hold."""
    return {"count": ready.examples, "failed": _list(ready.troubles), "broken": _list(ready.broken)}


def _list(troubles: tuple[Trouble, ...]) -> list[Json]:
    return [{"file": t.file, "key": t.key, "cure": t.cure} for t in troubles]


def remember(connection: Connection, caller: Caller, shown: Mapping[str, Any]) -> None:
    """Notes were read: that is written down."""
    details: dict[str, Json] = {"digest": shown["digest"], "notes": shown["effect"]["notes"]}
    audit.record(connection, caller.tenant, caller.name, "sandbox.try", shown["contract"], details)


def fit(engines: Engines, tenant: str, pack: Pack) -> None:
    """Raises ServiceError 422 for a pack that cannot be used, or of whose own examples one fails."""
    ready = tried(engines, tenant, pack)
    if ready.troubles:
        first = ready.troubles[0]
        detail = f"规则包自己的例子不成立：{first.key}：{first.cure}"
        raise ServiceError(422, "pack.examples", detail, extra=examples_json(ready))


def publish(
    connection: Connection, caller: Caller, pack: Pack, *, share: float, parent: str | None = None
) -> tuple[packs.Version, Release]:
    """Keep a pack that is fit as a version and let it serve: all notes, or (share below 1) a canary.

    Raises ServiceError 409 where `parent` (empty: none) is given and is no longer what serves.
    """
    if parent is not None and parent != (held(connection, caller.tenant)[0] or ""):
        raise ServiceError(409, "pack.parent", "有人先发布了另一个版本；请重新打开沙盒，在它上面改")
    version = packs.keep(connection, caller, pack, parent=parent or None)
    return version, serve(connection, caller, version.id, share=share)


def serve(connection: Connection, caller: Caller, ref: str, *, share: float) -> Release:
    """Let a kept version serve a share of the notes. Raises ServiceError 404 for a foreign one."""
    packs.get(connection, caller.tenant, ref)
    mode: releases.Mode = "live" if share >= 1 else "canary"
    return releases.begin(connection, caller.tenant, KIND, ref, mode, by=caller.name, share=share)


def undo(connection: Connection, caller: Caller) -> Release | None:
    """One step back: a canary ends; without one, what was live before is live again (None: no pack at all)."""
    now = _open(connection, caller.tenant)
    if "canary" in now:
        releases.end(connection, caller.tenant, KIND, "canary", by=caller.name)
        return now.get("live")
    return releases.rollback(connection, caller.tenant, KIND, by=caller.name)


def held(connection: Connection, tenant: str) -> tuple[str | None, Pack]:
    """The pack a change starts from: the canary's, else the live one's, else the empty one."""
    now = _open(connection, tenant)
    release = now.get("canary") or now.get("live")
    return (release.ref, packs.load_pack(connection, release.ref)) if release else (None, Pack())


def canary_share(connection: Connection, tenant: str) -> float | None:
    """The share of the notes that a canary serves, if one is running."""
    running = _open(connection, tenant).get("canary")
    return running.share if running else None


def _open(connection: Connection, tenant: str) -> dict[str, Release]:
    """What serves of the tenant's own packs, by mode."""
    mine = (r for r in releases.open_releases(connection) if r.tenant == tenant and r.kind == KIND)
    return {release.mode: release for release in mine}


def overview(connection: Connection, tenant: str) -> dict[str, Any]:
    """Every version, newest first, with the difference to the one before, what serves, and the draft to start from.

    `adoption`: per version (empty: without any) how people took what it suggested.
    """
    now = _open(connection, tenant)
    kept = packs.versions(connection, tenant)
    texts = {v.id: pack_yaml(v.pack) for v in kept}
    ref, draft = held(connection, tenant)
    fared = shadows.adoption(shadows.decided_rows(connection, tenant), "rules")
    return {
        "adoption": {figures["ref"]: figures for figures in fared},
        "serving": {mode: {"pack": r.ref, "share": r.share, "by": r.by} for mode, r in now.items()},
        "draft": {"parent": ref or "", "yaml": pack_yaml(draft) if ref else ""},
        "versions": [
            {
                "id": v.id, "version": v.number, "note": v.pack.note, "by": v.by, "parent": v.parent,
                "created_at": v.created_at.isoformat(), "digest": v.pack.digest, "yaml": texts[v.id],
                "diff": _diff(texts.get(v.parent or "", ""), texts[v.id]),
            }
            for v in kept
        ],
    }  # fmt: skip


def _diff(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2)
    return [line for line in lines if not line.startswith(("---", "+++"))]


def _cursor(place: packs.Place) -> str:
    return base64.urlsafe_b64encode(f"{place[0].isoformat()}|{place[1]}".encode()).decode()


def _place(cursor: str | None) -> packs.Place | None:
    if not cursor:
        return None
    try:
        moment, _, name = base64.urlsafe_b64decode(cursor.encode()).decode().partition("|")
        return datetime.fromisoformat(moment), name
    except (ValueError, binascii.Error, UnicodeError):
        raise ServiceError(422, "request.cursor", "cursor 不对；用上一页给的 next") from None
