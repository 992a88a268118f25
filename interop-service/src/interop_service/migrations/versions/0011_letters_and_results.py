"""A letter's agreement; dead letters of no case; a result's licence; overdue disputes."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011_letters_and_results"
down_revision: str | None = "0010_reliances"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("letters", sa.Column("agreement", sa.Text))
    op.create_index(
        "ix_letters_dead", "letters", ["id"], postgresql_where=sa.text("state = 'dead'")
    )
    op.add_column("exchanges", sa.Column("licence_number", sa.Text))
    op.add_column("disputes", sa.Column("overdue_told_at", sa.DateTime(timezone=True)))
    op.add_column(
        "disputes", sa.Column("sequence", sa.BigInteger, server_default="0", nullable=False)
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("disputes", "sequence")
    op.drop_column("disputes", "overdue_told_at")
    op.drop_column("exchanges", "licence_number")
    op.drop_index("ix_letters_dead", "letters")
    op.drop_column("letters", "agreement")
