"""Drafts; one open case of an applicant and a matter, unless it is to be one more."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0014_drafts"
down_revision: str | None = "0013_fees"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # What is there, and what the release before writes, is not held against others.
    op.add_column(
        "cases",
        sa.Column("may_repeat", sa.Boolean, nullable=False, server_default=sa.true()),
    )
    op.add_column("cases", sa.Column("premises_index", sa.LargeBinary))
    op.create_index(
        "ix_cases_premises_index",
        "cases",
        ["premises_index"],
        postgresql_where=sa.text("premises_index IS NOT NULL"),
    )
    op.create_index(
        "uq_cases_open_application",
        "cases",
        ["identity_index", "matter_code"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL AND NOT may_repeat"),
    )
    op.create_table(
        "drafts",
        *(sa.Column(name, sa.Text, nullable=False) for name in ("number", "matter_code")),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("owner_subject", sa.Text),
        sa.Column("holders", postgresql.JSONB, nullable=False),
        sa.Column("identity_index", sa.LargeBinary),
        sa.Column("sealed_body", sa.LargeBinary, nullable=False),
        sa.Column("code_index", sa.LargeBinary),
        sa.Column("code_ends_at", INSTANT),
        sa.Column("last_site_id", sa.Text),
        sa.Column("saved_at", INSTANT, nullable=False),
        sa.Column("saved_by", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("next_due_at", INSTANT),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_drafts"),
        sa.UniqueConstraint("number", name="uq_drafts_number"),
    )
    op.create_index("ix_drafts_owner_subject", "drafts", ["owner_subject", "id"])
    op.create_index("uq_drafts_code", "drafts", ["code_index"], unique=True)
    op.create_index(
        "ix_drafts_next_due_at",
        "drafts",
        ["next_due_at"],
        postgresql_where=sa.text("next_due_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("drafts")
    op.drop_index("uq_cases_open_application", "cases")
    op.drop_index("ix_cases_premises_index", "cases")
    for name in ("premises_index", "may_repeat"):
        op.drop_column("cases", name)
