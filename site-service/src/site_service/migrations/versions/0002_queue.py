"""The queue by classes that are data: places, the state of windows and days, what displays hear."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0002_queue"
down_revision: str | None = "0001_sites_and_queue"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for column in _of_tickets():
        op.add_column("tickets", column)
    op.add_column("tickets", sa.Column("for_window_id", sa.Uuid))
    op.create_foreign_key(
        "fk_tickets_for_window_id", "tickets", "windows", ["for_window_id"], ["id"]
    )
    op.execute(
        "UPDATE tickets SET placed_at = issued_at,"
        " call_class = CASE WHEN is_green THEN 'green' ELSE 'ordinary' END"
    )
    op.create_index(
        "ix_tickets_served",
        "tickets",
        ["site_id", "done_at"],
        postgresql_where=sa.text("state = 'done'"),
    )
    op.create_index(
        "ix_tickets_unfinished",
        "tickets",
        ["day"],
        postgresql_where=sa.text("state IN ('waiting', 'called', 'missed')"),
    )
    _number_by_prefix()
    _create_states()
    _create_stream()


def _of_tickets() -> list[sa.Column[Any]]:
    return [
        sa.Column("call_class", sa.Text, server_default="ordinary", nullable=False),
        sa.Column("called_as", sa.Text),
        sa.Column("placed_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("expected_at", INSTANT),
        sa.Column("due_at", INSTANT),
        sa.Column("appointment_id", sa.Uuid),
        sa.Column("itinerary", JSONB, server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("kiosk_code", sa.Text),
        sa.Column("returned_at", INSTANT),
        sa.Column("foreseen", JSONB),
    ]


def _number_by_prefix() -> None:
    """A class has its prefix as data: the counters follow, and go on where they were."""
    op.create_table(
        "number_counters",
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("prefix", sa.Text, nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("site_id", "day", "prefix", name="pk_number_counters"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_number_counters_site_id"),
    )
    op.execute(
        "INSERT INTO number_counters SELECT site_id, day,"
        " CASE WHEN is_green THEN 'G' ELSE 'A' END, last FROM ticket_counters"
    )
    op.drop_table("ticket_counters")


def _create_states() -> None:
    op.create_table(
        "window_pauses",
        sa.Column("window_id", sa.Uuid, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("paused_at", INSTANT, nullable=False),
        sa.Column("paused_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("window_id", name="pk_window_pauses"),
        sa.ForeignKeyConstraint(["window_id"], ["windows.id"], name="fk_window_pauses_window_id"),
    )
    op.create_table(
        "closed_days",
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("closed_at", INSTANT, nullable=False),
        sa.Column("closed_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("site_id", "day", name="pk_closed_days"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_closed_days_site_id"),
    )
    op.create_table(
        "queue_policies",
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("policy", JSONB, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("site_id", name="pk_queue_policies"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_queue_policies_site_id"),
    )


def _create_stream() -> None:
    op.create_table(
        "queue_streams",
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("site_id", name="pk_queue_streams"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_queue_streams_site_id"),
    )
    op.create_table(
        "queue_notes",
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("facts", JSONB, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("site_id", "number", name="pk_queue_notes"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_queue_notes_site_id"),
    )
    op.create_index("ix_queue_notes_at", "queue_notes", ["at"])


def downgrade() -> None:
    for table in (
        "queue_notes",
        "queue_streams",
        "queue_policies",
        "closed_days",
        "window_pauses",
    ):
        op.drop_table(table)
    op.create_table(
        "ticket_counters",
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("is_green", sa.Boolean, nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("site_id", "day", "is_green", name="pk_ticket_counters"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_ticket_counters_site_id"),
    )
    op.execute(
        "INSERT INTO ticket_counters SELECT site_id, day, prefix = 'G', last"
        " FROM number_counters WHERE prefix IN ('A', 'G')"
    )
    op.drop_table("number_counters")
    op.drop_index("ix_tickets_unfinished", "tickets")
    op.drop_index("ix_tickets_served", "tickets")
    op.drop_constraint("fk_tickets_for_window_id", "tickets")
    op.drop_column("tickets", "for_window_id")
    for column in reversed(_of_tickets()):
        op.drop_column("tickets", column.name)
