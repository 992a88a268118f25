"""The line to each partner: revoked keys, contacts, limits, maintenance; changes to partners."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0006_links"
down_revision: str | None = "0005_evidence_requests"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)
KIND = sa.String(32)
JSON = postgresql.JSONB()
NONE = sa.text("'[]'::jsonb")


def _partner_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("revoked_keys", JSON, server_default=NONE, nullable=False),
        sa.Column("contacts", JSON, server_default=NONE, nullable=False),
        sa.Column("messages_a_minute", sa.Integer, server_default="600", nullable=False),
        sa.Column("messages_at_once", sa.Integer, server_default="8", nullable=False),
        sa.Column("paused_until", INSTANT),
    ]


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for column in _partner_columns():
        op.add_column("partners", column)
    op.create_table(
        "maintenance",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("begins_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("entered_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_maintenance"),
    )
    op.create_index("ix_maintenance_ends_at", "maintenance", ["ends_at"])
    op.add_column("agreements", sa.Column("signed_digest", sa.Text))
    op.create_table(
        "agreement_signatures",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("terms", JSON, nullable=False),
        sa.Column("signature", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_agreement_signatures"),
        sa.UniqueConstraint("code", "digest", "by", name="uq_agreement_signatures_code_digest_by"),
    )
    op.create_table(
        "partner_changes",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("district", sa.Text, nullable=False),
        sa.Column("origin", KIND, nullable=False),
        sa.Column("content", JSON, nullable=False),
        sa.Column("state", KIND, nullable=False),
        sa.Column("entered_by", sa.Text),
        sa.Column("decided_by", sa.Text),
        sa.Column("decided_at", INSTANT),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_partner_changes"),
    )
    op.create_index("ix_partner_changes_district", "partner_changes", ["district"])


def downgrade() -> None:
    op.drop_table("agreement_signatures")
    op.drop_column("agreements", "signed_digest")
    op.drop_table("partner_changes")
    op.drop_table("maintenance")
    for column in _partner_columns():
        op.drop_column("partners", column.name)
