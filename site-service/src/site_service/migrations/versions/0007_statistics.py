"""Roll-ups of the halls' days: tallies by day and month, and which are to be counted anew."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0007_statistics"
down_revision: str | None = "0006_elderly_service"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COUNTS = (
    "taken",
    "served",
    "abandoned",
    "no_show",
    "unrecorded",
    "called",
    "cases",
    "appointments",
    "appointments_missed",
    "appointment_calls",
    "appointments_on_time",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "tallies",
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("cut", sa.String(32), nullable=False),
        sa.Column("span", sa.String(32), nullable=False),
        sa.Column("starts_on", sa.Date, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in COUNTS),
        sa.Column("wait_seconds", sa.BigInteger, nullable=False),
        sa.Column("service_seconds", sa.BigInteger, nullable=False),
        sa.Column("service_squares", sa.Float, nullable=False),
        sa.Column("waits", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("site_id", "cut", "span", "starts_on", "key", name="pk_tallies"),
    )
    op.create_index("ix_tallies_starts_on", "tallies", ["starts_on", "span"])
    op.create_table(
        "counted_months",
        sa.Column("month", sa.Date, nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("month", name="pk_counted_months"),
    )
    op.create_table(
        "stale_days",
        sa.Column("day", sa.Date, nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_stale_days"),
    )
    op.create_table(
        "counting_progress",
        sa.Column("id", sa.Integer, server_default=sa.text("1"), nullable=False),
        sa.Column("looked_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rechecked_on", sa.Date),
        sa.Column("counted_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_counting_progress"),
        sa.CheckConstraint("id = 1", name="ck_counting_progress_one"),
    )
    op.create_index("ix_tickets_updated_at", "tickets", ["updated_at"])
    op.create_index("ix_tickets_day", "tickets", ["day"])
    op.create_index("ix_appointments_updated_at", "appointments", ["updated_at"])
    op.create_index("ix_appointments_day", "appointments", ["day"])


def downgrade() -> None:
    op.drop_index("ix_appointments_day", "appointments")
    op.drop_index("ix_appointments_updated_at", "appointments")
    op.drop_index("ix_tickets_day", "tickets")
    op.drop_index("ix_tickets_updated_at", "tickets")
    op.drop_table("counting_progress")
    op.drop_table("stale_days")
    op.drop_table("counted_months")
    op.drop_table("tallies")
