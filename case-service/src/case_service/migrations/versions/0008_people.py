"""Notices, consents, authorities, follow-ups of ratings, enquiries, and what was erased."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0008_people"
down_revision: str | None = "0007_licences"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _make_notices()
    _make_consents()


def downgrade() -> None:
    for table in ("consents", "notices"):
        op.drop_table(table)


def _make_notices() -> None:
    op.create_table(
        "notices",
        sa.Column("case_id", sa.Uuid, nullable=False),
        sa.Column("subject", sa.Text),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("told_at", INSTANT, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("language", sa.String(32)),
        sa.Column("messenger", sa.Text),
        sa.Column("receipt", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("sent_at", INSTANT),
        sa.Column("last_fault", sa.Text),
        sa.Column("next_due_at", INSTANT),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        *_record(),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
            name="fk_notices_case_id",
            deferrable=True,
            initially="DEFERRED",
        ),
    )
    op.create_index("ix_notices_case_id", "notices", ["case_id", "id"])
    op.create_index("ix_notices_subject", "notices", ["subject", "id"])
    _index_where("notices", "next_due_at", ["next_due_at"], "next_due_at IS NOT NULL")
    _index_where("notices", "dead", ["id"], "state = 'dead'")


def _make_consents() -> None:
    op.create_table(
        "consents",
        sa.Column("subject", sa.Text),
        sa.Column("identity_index", sa.LargeBinary),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("scope", postgresql.JSONB(), nullable=False),
        sa.Column("way", sa.String(32), nullable=False),
        sa.Column("evidence", sa.Text),
        sa.Column("given_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT),
        sa.Column("is_revocable", sa.Boolean, nullable=False),
        sa.Column("revoked_at", INSTANT),
        sa.Column("revoked_by", sa.Text),
        sa.Column("recorded_by", sa.Text, nullable=False),
        *_record(),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
        sa.CheckConstraint(
            "num_nonnulls(subject, identity_index) > 0", name=op.f("ck_consents_somebody")
        ),
    )
    op.create_index("ix_consents_subject", "consents", ["subject", "purpose"])
    op.create_index("ix_consents_identity_index", "consents", ["identity_index", "purpose"])


def _index_where(table: str, name: str, columns: list[str], condition: str) -> None:
    op.create_index(f"ix_{table}_{name}", table, columns, postgresql_where=sa.text(condition))


def _record() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
    )
