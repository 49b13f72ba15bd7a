"""The tables. Ids are random hex texts; times are UTC; JSON columns hold the interface's own shapes.

tenants ← api_keys, users
notes ← extractions ← suggestions ← decisions → confirmed (every version of every value, `current` marks today's)
reconfirmations  a newer note speaks against a confirmed value: due until somebody decides
cards        cards with buttons, until the buttons are gone
digests      one morning's message per person and day, until it is sent
attempts     failed sign-ins, per account and per address
messages     what a channel delivered, so that a repeat answers the same
outbox ← deliveries → subscriptions
audit        hash-chained per tenant, append-only
idempotency  answers given to a key, for a repeat of the request
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """An aware time, kept in UTC; SQLite has no zones, so they are put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[str]:
    return Column("id", String(32), primary_key=True)


def _tenant() -> Column[str]:
    return Column("tenant", String(64), ForeignKey("tenants.id"), nullable=False)


tenants = Table(
    "tenants", metadata,
    Column("id", String(64), primary_key=True),
    Column("created_at", Moment, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("audit_seq", Integer, nullable=False),
    Column("audit_hash", String(64), nullable=False),
)  # fmt: skip
api_keys = Table(
    "api_keys", metadata, _id(), _tenant(),
    Column("hash", String(64), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
    Column("team", String(200)),
)  # fmt: skip
users = Table(
    "users", metadata, _id(), _tenant(),
    Column("name", String(200), nullable=False),
    Column("role", String(16), nullable=False),
    Column("password", String(200), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("team", String(200)),
    UniqueConstraint("tenant", "name"),
)  # fmt: skip
notes = Table(
    "notes", metadata, _id(), _tenant(),
    Column("client_id", String(200), nullable=False),
    Column("text", Text),
    Column("sent_at", String(40), nullable=False),
    Column("author", String(200)),
    Column("customer", String(200)),
    Column("channel", String(200)),
    Column("created_at", Moment, nullable=False),
    Column("erased_at", Moment),
    Index("ix_notes_tenant_customer", "tenant", "customer"),
    Index("ix_notes_client_id", "tenant", "client_id"),
)  # fmt: skip
extractions = Table(
    "extractions", metadata, _id(), _tenant(),
    Column("note", String(32), ForeignKey("notes.id"), nullable=False),
    Column("bundle", String(64), nullable=False),
    Column("contract", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("unsure", JSON),  # what was found and not suggested: field, confidence, sources
    Column("created_at", Moment, nullable=False),
)  # fmt: skip
suggestions = Table(
    "suggestions", metadata, _id(), _tenant(),
    Column("extraction", String(32), ForeignKey("extractions.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("customer", String(200)),
    Column("author", String(200)),
    Column("field", String(64), nullable=False),
    Column("data", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("decided_at", Moment),
    Index("ix_suggestions_extraction", "extraction"),
    Index("ix_suggestions_inbox", "tenant", "state", "created_at", "id"),
    Index("ix_suggestions_expiry", "state", "expires_at"),
    Index("ix_suggestions_customer", "tenant", "customer", "field"),
)  # fmt: skip
decisions = Table(
    "decisions", metadata, _id(), _tenant(),
    Column("suggestion", String(32), ForeignKey("suggestions.id"), nullable=False),
    Column("action", String(16), nullable=False),
    Column("value", JSON),
    Column("evidence", JSON),
    Column("reason", String(400)),
    Column("by", String(200), nullable=False),
    Column("channel", String(200), nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_decisions_suggestion", "suggestion"),
)  # fmt: skip
confirmed = Table(
    "confirmed", metadata, _id(), _tenant(),
    Column("customer", String(200), nullable=False),
    Column("field", String(64), nullable=False),
    Column("value", JSON),
    Column("version", Integer, nullable=False),
    Column("suggestion", String(32), ForeignKey("suggestions.id"), nullable=False),
    Column("decision", String(32), ForeignKey("decisions.id"), nullable=False),
    Column("confirmed_at", Moment, nullable=False),
    Column("confirmed_by", String(200), nullable=False),
    Column("said_at", String(40), nullable=False),
    Column("certain", Boolean, nullable=False),
    Column("current", Boolean, nullable=False),
    UniqueConstraint("tenant", "customer", "field", "version"),
    Index("ix_confirmed_suggestion", "suggestion"),
)  # fmt: skip
messages = Table(
    "messages", metadata, _id(), _tenant(),
    Column("channel", String(64), nullable=False),
    Column("message", String(200), nullable=False),
    Column("sender", String(200), nullable=False),
    Column("extraction", String(32)),
    Column("reply", Text, nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("tenant", "channel", "message"),
    Index("ix_messages_sender", "tenant", "channel", "sender", "at"),
)  # fmt: skip
subscriptions = Table(
    "subscriptions", metadata, _id(), _tenant(),
    Column("url", String(2000), nullable=False),
    Column("secret", String(200), nullable=False),
    Column("events", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("closed_at", Moment),
)  # fmt: skip
outbox = Table(
    "outbox", metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),
    _tenant(),
    Column("customer", String(200)),
    Column("type", String(64), nullable=False),
    Column("body", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("spread_at", Moment),
    Index("ix_outbox_spread", "spread_at", "seq"),
)  # fmt: skip
deliveries = Table(
    "deliveries", metadata, _id(), _tenant(),
    Column("seq", Integer, ForeignKey("outbox.seq"), nullable=False),
    Column("subscription", String(32), ForeignKey("subscriptions.id"), nullable=False),
    Column("customer", String(200)),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("first_at", Moment),
    Column("next_at", Moment, nullable=False),
    Column("last", String(400)),
    Index("ix_deliveries_due", "state", "next_at"),
    Index("ix_deliveries_order", "subscription", "customer", "state", "seq"),
)  # fmt: skip
audit = Table(
    "audit", metadata,
    Column("tenant", String(64), ForeignKey("tenants.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", String(40), nullable=False),
    Column("actor", String(200), nullable=False),
    Column("action", String(64), nullable=False),
    Column("object", String(200), nullable=False),
    Column("details", JSON, nullable=False),
    Column("hash", String(64), nullable=False),
)  # fmt: skip
idempotency = Table(
    "idempotency", metadata,
    Column("tenant", String(64), ForeignKey("tenants.id"), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("request", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", JSON, nullable=False),
    Column("at", Moment, nullable=False),
)  # fmt: skip
reconfirmations = Table(
    "reconfirmations", metadata, _id(), _tenant(),
    Column("customer", String(200)),
    Column("field", String(64), nullable=False),
    Column("author", String(200)),
    Column("confirmed", String(32), ForeignKey("confirmed.id"), nullable=False),
    Column("extraction", String(32), ForeignKey("extractions.id"), nullable=False),
    Column("suggestion", String(32), ForeignKey("suggestions.id")),
    Column("why", String(16), nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("settled_at", Moment),
    Column("outcome", String(16)),
    Column("settled_by", String(200)),
    Index("ix_reconfirmations_open", "tenant", "settled_at", "due_at"),
    Index("ix_reconfirmations_suggestion", "suggestion"),
    Index("ix_reconfirmations_confirmed", "confirmed"),
)  # fmt: skip
digests = Table(
    "digests", metadata, _id(), _tenant(),
    Column("rep", String(200), nullable=False),
    Column("day", String(10), nullable=False),
    Column("channel", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("next_at", Moment),
    Column("attempts", Integer, nullable=False),
    Column("sent_at", Moment),
    UniqueConstraint("tenant", "rep", "day"),
    Index("ix_digests_due", "sent_at", "next_at"),
)  # fmt: skip
cards = Table(
    "cards", metadata, _id(), _tenant(),
    Column("extraction", String(32), ForeignKey("extractions.id"), nullable=False),
    Column("person", String(200), nullable=False),
    Column("code", String(400), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("sent_at", Moment, nullable=False),
    Column("next_at", Moment),
    Index("ix_cards_due", "next_at", "sent_at"),
    Index("ix_cards_extraction", "extraction"),
)  # fmt: skip
attempts = Table(
    "attempts", metadata,
    Column("key", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
)  # fmt: skip
