"""Basic items and their claims, planned and submitted versions, bulk publications, reports."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002_structure"
down_revision: str | None = "0001_catalog"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)
JSON = postgresql.JSONB()
TEXTS = postgresql.ARRAY(sa.Text)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    _widen_versions()
    _create_basic_items()
    _create_publications()
    op.create_table(
        "upward_reports",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("reported_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_upward_reports"),
    )


def _widen_versions() -> None:
    op.add_column("matters", sa.Column("retired_on", sa.Date))
    op.add_column("matter_versions", sa.Column("submitted_at", INSTANT))
    op.add_column("matter_versions", sa.Column("submitted_by", sa.Text))
    op.drop_index("uq_matter_versions_draft", "matter_versions")
    op.create_index(
        "uq_matter_versions_draft",
        "matter_versions",
        ["code"],
        unique=True,
        postgresql_where=sa.text("state IN ('draft', 'submitted')"),
    )
    op.create_index(
        "ix_matter_versions_planned",
        "matter_versions",
        ["effective_from"],
        postgresql_where=sa.text("state = 'planned'"),
    )
    op.execute(
        """
        ALTER TABLE matter_versions ADD CONSTRAINT ex_matter_versions_validity
        EXCLUDE USING gist (code WITH =, daterange(effective_from, retired_on) WITH &&)
        WHERE (effective_from IS NOT NULL)
        """
    )
    # A matter that was taken out of force before this release, and has no draft, is retired.
    op.execute(
        """
        UPDATE matters SET retired_on = ended.retired_on
        FROM (SELECT code, max(retired_on) AS retired_on, bool_or(state = 'draft') AS has_draft
              FROM matter_versions GROUP BY code) AS ended
        WHERE ended.code = matters.code AND matters.current_version IS NULL
          AND NOT ended.has_draft
        """
    )


def _create_basic_items() -> None:
    op.create_table(
        "basic_items",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("parent", sa.Text),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("matter_type", sa.String(32), nullable=False),
        sa.Column("levels", postgresql.ARRAY(sa.Text), nullable=False),
        sa.Column("legal_basis", JSON, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("claimed_by", sa.Text),
        sa.Column("claimed_at", INSTANT),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_basic_items"),
    )
    op.create_index("ix_basic_items_parent", "basic_items", ["parent"])


def _create_publications() -> None:
    op.create_table(
        "publications",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("codes", TEXTS, nullable=False),
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("publisher", sa.Text, nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("faults", JSON, nullable=False),
        sa.Column("finished_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_publications"),
    )
    op.create_index(
        "ix_publications_waiting",
        "publications",
        ["id"],
        postgresql_where=sa.text("state = 'waiting'"),
    )


def downgrade() -> None:
    op.drop_table("upward_reports")
    op.drop_table("publications")
    op.drop_table("basic_items")
    op.drop_constraint("ex_matter_versions_validity", "matter_versions")
    op.drop_index("ix_matter_versions_planned", "matter_versions")
    op.drop_index("uq_matter_versions_draft", "matter_versions")
    op.create_index(
        "uq_matter_versions_draft",
        "matter_versions",
        ["code"],
        unique=True,
        postgresql_where=sa.text("state = 'draft'"),
    )
    op.drop_column("matter_versions", "submitted_by")
    op.drop_column("matter_versions", "submitted_at")
    op.drop_column("matters", "retired_on")
