"""The kernel's tables: outbox, inbox, pending, idempotency, ledger, calendar."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001_kernel"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = ("kernel",)
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)
JSON = postgresql.JSONB()


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.create_table(
        "outbox",
        sa.Column("position", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("aggregate", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("trace", sa.Text),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("relayed_at", INSTANT),
        sa.PrimaryKeyConstraint("position", name="pk_outbox"),
    )
    op.create_index(
        "ix_outbox_unrelayed",
        "outbox",
        ["position"],
        postgresql_where=sa.text("relayed_at IS NULL"),
    )
    op.create_index(
        "ix_outbox_relayed",
        "outbox",
        ["relayed_at"],
        postgresql_where=sa.text("relayed_at IS NOT NULL"),
    )
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("handler", sa.Text, nullable=False),
        sa.Column("at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", "handler", name="pk_inbox"),
    )
    op.create_index("ix_inbox_at", "inbox", ["at"])
    op.create_table(
        "pending",
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("handler", sa.Text, nullable=False),
        sa.Column("waits_for", sa.Text, nullable=False),
        sa.Column("envelope", JSON, nullable=False),
        sa.Column("since", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", "handler", name="pk_pending"),
    )
    op.create_index("ix_pending_waits_for", "pending", ["waits_for"])
    op.create_table(
        "step_positions",
        sa.Column("handler", sa.Text, nullable=False),
        sa.Column("aggregate", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("handler", "aggregate", name="pk_step_positions"),
    )
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("handler", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("replayed_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_dead_letters"),
    )
    op.create_table(
        "projection_generations",
        sa.Column("projection", sa.Text, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("projection", name="pk_projection_generations"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("headers", JSON),
        sa.Column("body", sa.LargeBinary),
        sa.Column("at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "operation", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_at", "idempotency_keys", ["at"])
    _create_ledger()
    _create_calendar()


def _create_ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("seq", sa.BigInteger),
        sa.Column("previous_hash", sa.LargeBinary),
        sa.Column("hash", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="pk_ledger"),
        sa.CheckConstraint(
            "num_nulls(seq, previous_hash, hash) IN (0, 3)"
            " AND (hash IS NULL OR octet_length(hash) = 32)",
            name="ck_ledger_sealed_whole",
        ),
    )
    op.create_index(
        "ix_ledger_unsealed", "ledger", ["at", "id"], postgresql_where=sa.text("seq IS NULL")
    )
    op.create_index(
        "uq_ledger_seq",
        "ledger",
        ["seq"],
        unique=True,
        postgresql_where=sa.text("seq IS NOT NULL"),
    )
    op.create_table(
        "ledger_checkpoints",
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("signature", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_ledger_checkpoints"),
    )


def _create_calendar() -> None:
    op.create_table(
        "calendar_years",
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("is_published", sa.Boolean, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("year", name="pk_calendar_years"),
    )
    op.create_table(
        "calendar_days",
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("name", sa.Text),
        sa.PrimaryKeyConstraint("day", name="pk_calendar_days"),
    )


def downgrade() -> None:
    for table in (
        "calendar_days",
        "calendar_years",
        "ledger_checkpoints",
        "ledger",
        "idempotency_keys",
        "projection_generations",
        "dead_letters",
        "step_positions",
        "pending",
        "inbox",
        "outbox",
    ):
        op.drop_table(table)
