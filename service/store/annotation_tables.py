"""Tables of annotation: what is asked of whom, and what they marked. Same conventions as `tables.py`.

annotation_tasks   a note that people are asked about: open → marked → agreed or disputed → closed, or skipped
annotation_sheets  one person's marks on a task (draft, done, skipped); nobody else sees them before both are done
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from service.store.tables import Moment, _id, _tenant, metadata

annotation_tasks = Table(
    "annotation_tasks", metadata, _id(), _tenant(),
    Column("note", String(32), ForeignKey("notes.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("strategy", String(16), nullable=False),
    Column("double", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("outcome", String(16)),
    Column("final", JSON),
    Column("contract", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("closed_by", String(200)),
    UniqueConstraint("tenant", "note"),
    Index("ix_annotation_tasks_state", "tenant", "state", "position"),
)  # fmt: skip
annotation_sheets = Table(
    "annotation_sheets", metadata, _id(), _tenant(),
    Column("task", String(32), ForeignKey("annotation_tasks.id"), nullable=False),
    Column("annotator", String(200), nullable=False),
    Column("state", String(16), nullable=False),
    Column("marks", JSON, nullable=False),
    Column("version", Integer, nullable=False),
    Column("reason", String(400)),
    Column("active", Float, nullable=False),  # seconds at work, breaks left out
    Column("started_at", Moment, nullable=False),
    Column("saved_at", Moment, nullable=False),
    Column("done_at", Moment),
    UniqueConstraint("task", "annotator"),
    Index("ix_annotation_sheets_annotator", "tenant", "annotator", "state"),
)  # fmt: skip
