"""Slips are sought among distinct lines; rows tell what made the columns that they are found by."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007_search_lines"
down_revision: str | None = "0006_limits_and_proposals"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

LISTS = ("published_matters", "partner_matters")


def _alike(index: str, table: str, column: str) -> None:
    op.create_index(
        index, table, [column], postgresql_using="gin", postgresql_ops={column: "gin_trgm_ops"}
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "search_lines",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_search_lines"),
    )
    op.create_index("ix_search_lines_line", "search_lines", ["line"])
    _alike("ix_search_lines_alike", "search_lines", "line")
    op.drop_index("ix_published_matters_search_text", "published_matters")
    for table in LISTS:
        # What is there already counts as made by an older analyser: the worker makes it anew.
        op.add_column(table, sa.Column("analyser", sa.Integer, server_default="0", nullable=False))
        op.create_index(f"ix_{table}_analyser", table, ["analyser"])


def downgrade() -> None:
    for table in LISTS:
        op.drop_index(f"ix_{table}_analyser", table)
        op.drop_column(table, "analyser")
    _alike("ix_published_matters_search_text", "published_matters", "search_text")
    op.drop_table("search_lines")
