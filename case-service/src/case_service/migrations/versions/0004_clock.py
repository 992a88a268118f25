"""What falls due by itself: lights and moments of cases, orders, digests, recomputations."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0004_clock"
down_revision: str | None = "0003_machine"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)
JSON = postgresql.JSONB()
CASE_COLUMNS: dict[str, sa.types.TypeEngine[Any]] = {
    "department": sa.Text(),
    "corrected_at": INSTANT,
    "step_due_on": sa.Date(),
    "light": sa.String(32),
    "step_light": sa.String(32),
    "running_clock": sa.String(32),
    "next_due_at": INSTANT,
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name, kind in CASE_COLUMNS.items():
        op.add_column("cases", sa.Column(name, kind))
    is_due = sa.text("next_due_at IS NOT NULL")
    op.create_index("ix_cases_next_due_at", "cases", ["next_due_at"], postgresql_where=is_due)
    op.create_index(
        "ix_cases_lit",
        "cases",
        ["light", "site_id", "matter_code", "department"],
        postgresql_where=sa.text("light IS NOT NULL"),
    )
    op.create_table(
        "duty_failures",
        sa.Column("duty", sa.Text, nullable=False),
        sa.Column("row_key", sa.Text, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("failed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("duty", "row_key", name="pk_duty_failures"),
    )
    _orders()
    _digests()
    _recomputations()


def _record() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
    ]


def _orders() -> None:
    op.create_table(
        "supervision_orders",
        sa.Column("case_id", sa.Uuid, nullable=False),
        sa.Column("case_number", sa.Text, nullable=False),
        sa.Column("matter_name", sa.Text, nullable=False),
        sa.Column("site_id", sa.Text),
        sa.Column("department", sa.Text),
        sa.Column("clock", sa.String(32), nullable=False),
        sa.Column("was_due_on", sa.Date, nullable=False),
        sa.Column("raised_at", INSTANT, nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("post", sa.Text, nullable=False),
        sa.Column("answer_due_on", sa.Date, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("answer", sa.Text),
        sa.Column("answered_by", sa.Text),
        sa.Column("answered_at", INSTANT),
        sa.Column("history", JSON, nullable=False),
        sa.Column("next_due_at", INSTANT),
        sa.Column("version", sa.Integer, nullable=False),
        *_record(),
        sa.PrimaryKeyConstraint("id", name="pk_supervision_orders"),
        sa.UniqueConstraint("case_id", "clock", name="uq_supervision_orders_case_id_clock"),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name="fk_supervision_orders_case_id", ondelete="CASCADE"
        ),
    )
    op.create_index(
        "ix_supervision_orders_next_due_at",
        "supervision_orders",
        ["next_due_at"],
        postgresql_where=sa.text("next_due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_supervision_orders_open",
        "supervision_orders",
        ["post", "id"],
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    op.create_index("ix_supervision_orders_site_id", "supervision_orders", ["site_id", "id"])


def _digests() -> None:
    op.create_table(
        "supervision_digests",
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("department", sa.Text, nullable=False),
        sa.Column("green", sa.Integer, nullable=False),
        sa.Column("yellow", sa.Integer, nullable=False),
        sa.Column("red", sa.Integer, nullable=False),
        sa.Column("open_orders", sa.Integer, nullable=False),
        sa.Column("overdue", JSON, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("day", "department", name="pk_supervision_digests"),
    )


def _recomputations() -> None:
    op.create_table(
        "recomputations",
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("calendar_sequence", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT),
        sa.Column("reached", sa.Uuid),
        sa.Column("examined", sa.Integer, nullable=False),
        sa.Column("moved", sa.Integer, nullable=False),
        sa.Column("next_due_at", INSTANT),
        *_record(),
        sa.PrimaryKeyConstraint("id", name="pk_recomputations"),
        sa.UniqueConstraint(
            "year", "calendar_sequence", name="uq_recomputations_year_calendar_sequence"
        ),
    )
    op.create_index(
        "ix_recomputations_next_due_at",
        "recomputations",
        ["next_due_at"],
        postgresql_where=sa.text("next_due_at IS NOT NULL"),
    )
    op.create_table(
        "moved_deadlines",
        sa.Column("recomputation_id", sa.Uuid, nullable=False),
        sa.Column("case_id", sa.Uuid, nullable=False),
        sa.Column("case_number", sa.Text, nullable=False),
        sa.Column("moved", JSON, nullable=False),
        sa.PrimaryKeyConstraint("recomputation_id", "case_id", name="pk_moved_deadlines"),
        sa.ForeignKeyConstraint(
            ["recomputation_id"],
            ["recomputations.id"],
            name="fk_moved_deadlines_recomputation_id",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    for table in (
        "moved_deadlines",
        "recomputations",
        "supervision_digests",
        "supervision_orders",
        "duty_failures",
    ):
        op.drop_table(table)
    op.drop_index("ix_cases_lit", "cases")
    op.drop_index("ix_cases_next_due_at", "cases")
    for name in reversed(CASE_COLUMNS):
        op.drop_column("cases", name)
