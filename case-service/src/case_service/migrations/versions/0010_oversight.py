"""Licence decisions handed over to who supervises the holder, and made public."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010_oversight"
down_revision: str | None = "0009_licences"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "handovers",
        sa.Column("case_id", sa.Uuid, nullable=False),
        sa.Column("licence_id", sa.Uuid, nullable=False),
        *_texts("case_number", "licence_number", "licence_type", "licence_name", "holder_masked"),
        sa.Column("decision", sa.String(32), nullable=False),
        *_texts("department"),
        sa.Column("handed_over_at", INSTANT, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("is_provisional", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("acknowledged_at", INSTANT),
        sa.Column("acknowledged_by", sa.Text),
        sa.Column("measure", sa.Text),
        sa.Column("next_due_at", INSTANT),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        *_record(),
        sa.PrimaryKeyConstraint("id", name="pk_handovers"),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
            name="fk_handovers_case_id",
            deferrable=True,
            initially="DEFERRED",
        ),
    )
    op.create_index("ix_handovers_department", "handovers", ["department", "id"])
    op.create_index("ix_handovers_case_id", "handovers", ["case_id"])
    _index_where("handovers", "open", ["department", "id"], "acknowledged_at IS NULL")
    _index_where("handovers", "next_due_at", ["next_due_at"], "next_due_at IS NOT NULL")
    op.create_table(
        "publications",
        sa.Column("licence_id", sa.Uuid, nullable=False),
        *_texts("licence_number", "licence_type", "licence_name", "matter_name"),
        sa.Column("decision", sa.String(32), nullable=False),
        *_texts("holder"),
        sa.Column("credit_code", sa.Text),
        *_texts("body"),
        sa.Column("decided_on", sa.Date, nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_until", sa.Date),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("published_at", INSTANT),
        sa.Column("withdrawn_at", INSTANT),
        sa.Column("next_due_at", INSTANT),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        *_record(),
        sa.PrimaryKeyConstraint("id", name="pk_publications"),
    )
    op.create_index("ix_publications_licence_id", "publications", ["licence_id"])
    _index_where("publications", "public", ["id"], "state = 'published'")
    _index_where("publications", "credit_code", ["credit_code", "id"], "credit_code IS NOT NULL")
    _index_where("publications", "next_due_at", ["next_due_at"], "next_due_at IS NOT NULL")


def downgrade() -> None:
    # To the release before there is no such clock.
    op.execute("DELETE FROM supervision_orders WHERE clock = 'handover'")
    op.drop_table("publications")
    op.drop_table("handovers")


def _texts(*names: str) -> tuple[sa.Column[str], ...]:
    return tuple(sa.Column(name, sa.Text, nullable=False) for name in names)


def _index_where(table: str, name: str, columns: list[str], condition: str) -> None:
    op.create_index(f"ix_{table}_{name}", table, columns, postgresql_where=sa.text(condition))


def _record() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
    )
