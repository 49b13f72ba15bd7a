"""Tables of releases: which model and which rules serve whom, and the jobs that make new ones. As in `tables.py`.

releases     what serves: a model, a rule pack or a calibration; for one tenant, or (null) for all without their own
bundles      what a bundle's digest stands for, written down when it first serves
shadows      what a shadow release would have answered; never shown to a rep
calibrations maps from promised to accepted, fitted from decisions
verdicts     the gate's report on a candidate
packs        rule packs of a tenant, numbered; a pack never changes, a change is the next one
trigger_sets triggers of a tenant, numbered; the newest is in force, without one those of the contract
mined        words mined from a tenant's notes; what speaks for and against them is looked up when they are shown
learned      what a manager answered to a proposal to learn
jobs         work longer than a request; `lease` is held by one process at a time
"""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from service.store.tables import Moment, _id, _tenant, metadata

releases = Table(
    "releases", metadata, _id(),
    Column("tenant", String(64), ForeignKey("tenants.id")),
    Column("kind", String(16), nullable=False),  # model, rules, calibration
    Column("ref", String(200), nullable=False),
    Column("mode", String(16), nullable=False),  # live, canary, shadow
    Column("share", Float, nullable=False),
    Column("by", String(200), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("replaced", String(32)),  # the live release that a rollback opens again
    Index("ix_releases_open", "ended_at", "tenant", "kind"),
)  # fmt: skip
bundles = Table(
    "bundles", metadata,
    Column("bundle", String(64), primary_key=True),
    Column("model", String(200), nullable=False),
    Column("rules", String(200), nullable=False),
    Column("calibration", String(200), nullable=False),
    Column("contract", String(64), nullable=False),
    Column("first_at", Moment, nullable=False),
)  # fmt: skip
shadows = Table(
    "shadows", metadata, _id(), _tenant(),
    Column("extraction", String(32), ForeignKey("extractions.id"), nullable=False),
    Column("bundle", String(64), nullable=False),
    Column("fields", JSON, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_shadows_extraction", "extraction"),
)  # fmt: skip
calibrations = Table(
    "calibrations", metadata, _id(),
    Column("tenant", String(64), ForeignKey("tenants.id")),
    Column("base", String(64), nullable=False),  # digest of the calibrator it lies over
    Column("maps", JSON, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("decisions", Integer, nullable=False),
    Column("by", String(200), nullable=False),
    Column("created_at", Moment, nullable=False),
)  # fmt: skip
verdicts = Table(
    "verdicts", metadata, _id(),
    Column("tenant", String(64), ForeignKey("tenants.id")),
    Column("version", String(200), nullable=False),
    Column("incumbent", String(200), nullable=False),
    Column("passed", Integer, nullable=False),
    Column("report", JSON, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_verdicts_version", "version"),
)  # fmt: skip
packs = Table(
    "packs", metadata, _id(), _tenant(),
    Column("version", Integer, nullable=False),
    Column("parent", String(32), ForeignKey("packs.id")),
    Column("data", JSON, nullable=False),
    Column("digest", String(16), nullable=False),
    Column("note", String(200), nullable=False),
    Column("by", String(200), nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("tenant", "version"),
)  # fmt: skip
trigger_sets = Table(
    "trigger_sets", metadata, _id(), _tenant(),
    Column("version", Integer, nullable=False),
    Column("data", JSON, nullable=False),
    Column("by", String(200), nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("tenant", "version"),
)  # fmt: skip
mined = Table(
    "mined", metadata, _id(), _tenant(),
    Column("kind", String(16), nullable=False),
    Column("field", String(64), nullable=False),
    Column("words", String(64), nullable=False),
    Column("value", String(200)),
    Column("keyness", Float, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_mined_tenant", "tenant"),
)  # fmt: skip
learned = Table(
    "learned", metadata, _id(), _tenant(),
    Column("key", String(16), nullable=False),
    Column("state", String(16), nullable=False),  # accepted, dismissed
    Column("pack", String(32), ForeignKey("packs.id")),
    Column("by", String(200), nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("tenant", "key"),
)  # fmt: skip
jobs = Table(
    "jobs", metadata, _id(), _tenant(),
    Column("kind", String(32), nullable=False),
    Column("state", String(16), nullable=False),  # waiting, running, done, failed, cancelled
    Column("wanted", JSON, nullable=False),
    Column("progress", Float, nullable=False),
    Column("step", String(200), nullable=False),
    Column("detail", JSON, nullable=False),
    Column("by", String(200), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    Column("result", JSON),
    Column("error", Text),
    Column("lease", String(64)),
    Column("lease_until", Moment),
    Index("ix_jobs_waiting", "kind", "state", "created_at"),
)  # fmt: skip
