"""Which engine answers whom: the configured one, or what a release puts in its place for a tenant or a share of notes.

A picture of the open releases is kept in memory with every engine it can call for already built; it is replaced as a
whole, so a request that has picked its engine keeps it to the end. All processes on one database look for changes.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from annotation.recalibrate import Recalibrated
from extractor.confidence import Calibrator
from extractor.contract import Contract
from extractor.errors import FieldNoteError, ModelError
from extractor.find import Finder
from extractor.overlay import Pack, lay
from extractor.pipeline import Engine, Tagger
from models.bundle import SHIPPED, Bundle
from service.store import calibrations
from service.store.database import Database
from service.store.releases import Release, open_releases, remember_bundle

log = logging.getLogger("fieldnote.engines")
Packs = Callable[[Connection, str], Pack]
KINDS = ("model", "rules", "calibration")


@dataclass(frozen=True, slots=True)
class Parts:
    """What an engine is made of, by `ref`; empty stands for what the settings say."""

    model: str = ""
    rules: str = ""
    calibration: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """The releases of one kind that concern one tenant."""

    live: Release | None = None
    canary: Release | None = None
    shadow: Release | None = None

    def ref(self, key: str) -> str:
        """What serves the note of this key."""
        if self.canary is not None and share_of(self.canary.ref, key) < self.canary.share:
            return self.canary.ref
        return self.live.ref if self.live else ""

    def refs(self) -> list[str]:
        """Everything that may serve or run beside."""
        return ["", *(r.ref for r in (self.live, self.canary, self.shadow) if r)]


Lanes = Mapping[str, Lane]


@dataclass(frozen=True, slots=True)
class Picture:
    """The open releases of one moment and the engines they call for; never changed, only replaced."""

    rows: tuple[Release, ...] = ()
    lanes: Mapping[str | None, Lanes] = field(default_factory=dict)
    engines: Mapping[Parts, Engine] = field(default_factory=dict)

    def lanes_of(self, tenant: str | None) -> Lanes:
        return self.lanes.get(tenant) or self.lanes.get(None) or {}

    def live(self, tenant: str | None, kind: str) -> Release | None:
        return self.lanes_of(tenant).get(kind, Lane()).live


class Engines:
    """The engines of one process. `packs` reads a rule pack by its `ref`."""

    def __init__(self, default: Engine, database: Database, registry: Path, packs: Packs | None = None) -> None:
        self.default, self.database, self.registry, self.packs = default, database, registry, packs
        self._models: dict[str, tuple[Tagger, Calibrator]] = {}
        self._picture, self._begun = Picture(), False
        self._changing = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def pick(self, tenant: str | None, key: str) -> Engine:
        """The engine for a tenant's note; the same `key` (who wrote it) stays on the same side of a canary."""
        picture = self._picture
        lanes = picture.lanes_of(tenant)
        if not lanes:
            return self.default
        return picture.engines.get(Parts(*(lanes[kind].ref(key) for kind in KINDS)), self.default)

    def contract_of(self, tenant: str) -> Contract:
        """The contract of a tenant, its live rule pack over it."""
        return self.pick(tenant, "").contract

    def shadow(self, tenant: str | None, key: str) -> Engine | None:
        """The engine that runs beside, unseen; None where there is none."""
        picture = self._picture
        lanes = picture.lanes_of(tenant)
        if not any(lane.shadow for lane in lanes.values()):
            return None
        refs = [lane.shadow.ref if (lane := lanes[kind]).shadow else lane.ref(key) for kind in KINDS]
        return picture.engines.get(Parts(*refs))

    def live(self, tenant: str | None, kind: str) -> Release | None:
        """The release of a kind that is live for a tenant, if any."""
        return self._picture.live(tenant, kind)

    def base(self, tenant: str | None) -> Engine:
        """The tenant's live engine without its calibration."""
        lanes = self._picture.lanes_of(tenant)
        refs = [lane.live.ref if (lane := lanes.get(kind, Lane())).live else "" for kind in ("model", "rules")]
        return self._picture.engines.get(Parts(*refs), self.default)

    def in_use(self) -> Sequence[Engine]:
        """Every engine that may answer now, the configured one left out."""
        return tuple(self._picture.engines.values())

    def refresh(self) -> bool:
        """Look for changed releases and build what they call for; whether anything changed.

        A release that cannot be loaded here is logged and what served before it goes on.
        """
        with self._changing:
            with self.database.read() as connection:
                rows = open_releases(connection)
                if self._begun and rows == self._picture.rows:
                    return False
                made = self._build(connection, rows)
            self._remember(made)
            self._picture, self._begun = made, True
            return True

    def start(self, seconds: float) -> None:
        """Look for changes every so many seconds, on a thread of its own."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._watch, args=(seconds,), name="fieldnote-releases", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=15)

    def _watch(self, seconds: float) -> None:
        while not self._stop.wait(seconds):
            try:
                self.refresh()
            except Exception:
                log.exception("releases could not be read; what served goes on")

    def _build(self, connection: Connection, rows: tuple[Release, ...]) -> Picture:
        bench = _Bench(self, connection)
        usable = [r for row in rows for r in bench.usable(row, self._picture)]
        tenants = dict.fromkeys([None, *(r.tenant for r in usable)])
        lanes = {tenant: {kind: _lane(usable, tenant, kind) for kind in KINDS} for tenant in tenants}
        wanted = dict.fromkeys(parts for held in lanes.values() for parts in _parts(held))
        engines = {parts: self._picture.engines.get(parts) or bench.engine(parts) for parts in wanted}
        return Picture(rows, lanes, engines)

    def _remember(self, picture: Picture) -> None:
        """Write down what the new bundles stand for."""
        fresh = [parts for parts in picture.engines if parts not in self._picture.engines]
        with self.database.write() as connection:
            for parts in fresh:
                engine = picture.engines[parts]
                remember_bundle(
                    connection, engine.bundle, model=parts.model or name_of(engine), rules=parts.rules,
                    calibration=parts.calibration, contract=engine.contract.version,
                )  # fmt: skip

    def model(self, ref: str) -> tuple[Tagger, Calibrator]:
        """The tagger and calibrator of a version. Raises ModelError."""
        if ref not in self._models:
            self._models[ref] = open_model(folder_of(self.registry, ref))
        return self._models[ref]


class _Bench:
    """Builds the engines of one picture; each contract and each map is read once."""

    def __init__(self, engines: Engines, connection: Connection) -> None:
        self._engines, self._connection = engines, connection
        self._contracts: dict[str, Contract] = {"": engines.default.contract}
        self._maps: dict[str, calibrations.Calibration] = {}
        built = (engines.default, *engines.in_use())
        self._finders = {engine.contract.version: engine.finder for engine in built}

    def usable(self, row: Release, before: Picture) -> Iterator[Release]:
        """The release, or what was live before it where it cannot be loaded."""
        try:
            self._load(row.kind, row.ref)
        except FieldNoteError as error:
            log.error("release %s of %s cannot serve here: %s", row.ref, row.kind, error)
            last = before.live(row.tenant, row.kind)
            if row.mode == "live" and last is not None:
                yield last
        else:
            yield row

    def _load(self, kind: str, ref: str) -> None:
        if kind == "model":
            self._engines.model(ref)
        elif kind == "rules" and ref not in self._contracts:
            if self._engines.packs is None:
                raise ModelError(f"这里读不到规则包 {ref}")
            pack = self._engines.packs(self._connection, ref)
            self._contracts[ref] = lay(self._engines.default.contract, pack, ref)
        elif kind == "calibration":
            self._maps[ref] = calibrations.load(self._connection, ref)

    def engine(self, parts: Parts) -> Engine:
        for kind, ref in zip(KINDS, (parts.model, parts.rules, parts.calibration), strict=True):
            if ref:
                self._load(kind, ref)
        default = self._engines.default
        if parts == Parts():
            return default
        tagger, calibrator = self._engines.model(parts.model) if parts.model else (default.tagger, default.calibrator)
        fitted = self._maps.get(parts.calibration)
        if fitted is not None and fitted.base == calibrator.digest:
            calibrator = Recalibrated(calibrator, fitted.maps)
        contract = self._contracts[parts.rules]
        if contract.version not in self._finders:
            self._finders[contract.version] = Finder(contract)
        finder = self._finders[contract.version]
        return Engine(contract, tagger=tagger, calibrator=calibrator, finder=finder)


def _lane(rows: Sequence[Release], tenant: str | None, kind: str) -> Lane:
    """A tenant's own releases of a kind; those for everyone where it has no live one of its own."""
    own = {r.mode: r for r in rows if r.kind == kind and r.tenant == tenant}
    common = {r.mode: r for r in rows if r.kind == kind and r.tenant is None}
    merged = own if "live" in own else common | own
    return Lane(merged.get("live"), merged.get("canary"), merged.get("shadow"))


def _parts(lanes: Lanes) -> Iterator[Parts]:
    """Every engine that one tenant's notes may need."""
    for refs in itertools.product(*(dict.fromkeys(lanes[kind].refs()) for kind in KINDS)):
        yield Parts(*refs)


def share_of(ref: str, key: str) -> float:
    """A number in [0, 1) that a release draws for a key, always the same: below its share the note is a canary's."""
    return int.from_bytes(hashlib.sha256(f"{ref}\0{key}".encode("utf-8", "surrogatepass")).digest()[:8]) / 2**64


def folder_of(registry: Path, ref: str) -> Path:
    """Where a version lies: in the registry, or shipped. Raises ModelError."""
    for root in (registry, SHIPPED):
        if ref and Path(ref).name == ref and (root / ref / "manifest.json").is_file():
            return root / ref
    raise ModelError(f"没有模型版本 {ref}；可用的见 fieldnote models list")


def name_of(engine: Engine) -> str:
    """The name of an engine's model; empty without one."""
    bundle = getattr(engine.tagger, "bundle", None)
    return bundle.manifest.name if isinstance(bundle, Bundle) else ""


def open_model(folder: Path) -> tuple[Tagger, Calibrator]:
    """The tagger and calibrator of a bundle folder. Raises ModelError."""
    from models.fusion import load_fusion
    from models.tagger import load_tagger

    return load_tagger(folder), load_fusion(folder / "calibrator.json")
