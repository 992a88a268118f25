"""The days that the law's limit counts, and life events that wait for a second person."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0006_limits_and_proposals"
down_revision: str | None = "0005_imports_and_measures"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

LISTS = ("published_matters", "partner_matters")
BY_LAW = "(content ->> 'statutory_days')::integer"
STATUTORY_WORKING_DAYS = (
    "CASE WHEN content ->> 'statutory_unit' = 'calendar_days' "
    f"THEN greatest(least({BY_LAW}, 1), {BY_LAW} * 5 / 7) ELSE {BY_LAW} END"
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "matter_versions",
        sa.Column(
            "statutory_working_days",
            sa.Integer,
            sa.Computed(STATUTORY_WORKING_DAYS, persisted=True),
        ),
    )
    for table in LISTS:
        # What was published before the unit was told counts working days.
        op.add_column(
            table,
            sa.Column("statutory_unit", sa.Text, server_default="working_days", nullable=False),
        )
    op.create_table(
        "life_event_proposals",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("content", postgresql.JSONB, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_life_event_proposals"),
    )


def downgrade() -> None:
    op.drop_table("life_event_proposals")
    for table in LISTS:
        op.drop_column(table, "statutory_unit")
    op.drop_column("matter_versions", "statutory_working_days")
