"""One application for a life event: a bundle of cases; and life events as the catalog told them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0015_bundles"
down_revision: str | None = "0014_drafts"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("cases", sa.Column("bundle_id", sa.Uuid))
    op.create_index(
        "ix_cases_bundle_id",
        "cases",
        ["bundle_id"],
        postgresql_where=sa.text("bundle_id IS NOT NULL"),
    )
    op.create_table(
        "life_events",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("content", postgresql.JSONB, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_life_events"),
    )
    op.create_table(
        "bundles",
        *(sa.Column(name, sa.Text, nullable=False) for name in ("number", "life_event", "name")),
        sa.Column("state", sa.String(32), nullable=False),
        *(sa.Column(name, postgresql.JSONB, nullable=False) for name in ("plan", "after")),
        sa.Column("applicant_subject", sa.Text),
        sa.Column("submitted_by", sa.Text, nullable=False),
        sa.Column("submitted_at", INSTANT, nullable=False),
        sa.Column("released_at", INSTANT),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_bundles"),
        sa.UniqueConstraint("number", name="uq_bundles_number"),
    )
    op.create_index("ix_bundles_applicant_subject", "bundles", ["applicant_subject", "id"])


def downgrade() -> None:
    op.drop_table("bundles")
    op.drop_table("life_events")
    op.drop_index("ix_cases_bundle_id", "cases")
    op.drop_column("cases", "bundle_id")
