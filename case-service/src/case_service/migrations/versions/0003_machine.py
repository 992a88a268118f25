"""What the whole machine keeps of a case: suspensions, extension, owed materials, reviews."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0003_machine"
down_revision: str | None = "0002_documents_licences_ratings"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)
JSON = postgresql.JSONB()
LISTS = ("suspensions", "tolerated", "commitments", "challenges")
NULLABLE = (
    "extension",
    "supply_due_on",
    "current_step",
    "step_started_at",
    "reopened_at",
    "instant_decision",
    "outside_state",
    "outside_result",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in LISTS:
        op.add_column(
            "cases",
            sa.Column(name, JSON, nullable=False, server_default=sa.text("'[]'::jsonb")),
        )
    for name in ("is_joint", "deemed_accepted"):
        op.add_column(
            "cases", sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())
        )
    op.add_column(
        "cases",
        sa.Column("statutory_unit", sa.String(32), nullable=False, server_default="working_days"),
    )
    op.add_column(
        "cases", sa.Column("review_round", sa.Integer, nullable=False, server_default="0")
    )
    op.add_column("cases", sa.Column("extension", JSON))
    op.add_column("cases", sa.Column("supply_due_on", sa.Date))
    op.add_column("cases", sa.Column("current_step", sa.Text))
    op.add_column("cases", sa.Column("step_started_at", INSTANT))
    op.add_column("cases", sa.Column("reopened_at", INSTANT))
    op.add_column("cases", sa.Column("instant_decision", JSON))
    op.add_column("cases", sa.Column("outside_state", sa.Text))
    op.add_column("cases", sa.Column("outside_result", sa.Text))
    op.create_table(
        "reviews",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("case_id", sa.Uuid, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("department", sa.Text, nullable=False),
        sa.Column("is_lead", sa.Boolean, nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("opinion", sa.String(32)),
        sa.Column("comment", sa.Text),
        sa.Column("reviewer", sa.Text),
        sa.Column("answered_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_reviews"),
        sa.UniqueConstraint(
            "case_id", "round", "department", name="uq_reviews_case_id_round_department"
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name="fk_reviews_case_id", ondelete="CASCADE"
        ),
    )
    op.create_index(
        "ix_reviews_open",
        "reviews",
        ["department", "id"],
        postgresql_where=sa.text("opinion IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("reviews")
    for name in reversed(NULLABLE):
        op.drop_column("cases", name)
    for name in ("review_round", "statutory_unit", "deemed_accepted", "is_joint"):
        op.drop_column("cases", name)
    for name in reversed(LISTS):
        op.drop_column("cases", name)
