"""Whose work a case is, what is urgent, and what an applicant is found by."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008_worklists"
down_revision: str | None = "0007_people"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UNFINISHED = "closed_at IS NULL"
WAITING = f"{UNFINISHED} AND assigned_to IS NULL"
ORDERS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("site", ("site_id",), UNFINISHED),
    ("department", ("department",), UNFINISHED),
    ("assigned_to", ("assigned_to",), f"{UNFINISHED} AND assigned_to IS NOT NULL"),
    ("stage", ("stage",), WAITING),
    ("site_stage", ("site_id", "stage"), WAITING),
)
FOUND_BY = ("name_index", "phone_index")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("cases", sa.Column("assigned_to", sa.Text))
    op.add_column("cases", sa.Column("assigned_at", sa.DateTime(timezone=True)))
    op.add_column(
        "cases",
        sa.Column("work_due_on", sa.Date, nullable=False, server_default=sa.text("'9999-12-31'")),
    )
    # Cases from before are found by their number until they are written again.
    for name in FOUND_BY:
        op.add_column("cases", sa.Column(name, sa.LargeBinary))
        op.create_index(
            f"ix_cases_{name}", "cases", [name], postgresql_where=sa.text(f"{name} IS NOT NULL")
        )
    op.execute(
        "UPDATE cases SET work_due_on = LEAST(coalesce(promised_due_on, notice_due_on,"
        " forward_due_on, '9999-12-31'), coalesce(step_due_on, '9999-12-31'))"
        " WHERE closed_at IS NULL"
    )
    for name, columns, where in ORDERS:
        op.create_index(
            f"ix_cases_work_{name}",
            "cases",
            [*columns, "work_due_on", "id"],
            postgresql_where=sa.text(where),
        )


def downgrade() -> None:
    for name, _, _ in ORDERS:
        op.drop_index(f"ix_cases_work_{name}", "cases")
    for name in FOUND_BY:
        op.drop_index(f"ix_cases_{name}", "cases")
        op.drop_column("cases", name)
    for name in ("work_due_on", "assigned_at", "assigned_to"):
        op.drop_column("cases", name)
