"""A letter's agreement, whose suite counts when it is sent; the licence that a result brought."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011_letters_agreement"
down_revision: str | None = "0010_reliances"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("letters", sa.Column("agreement", sa.Text))
    op.add_column("exchanges", sa.Column("licence_number", sa.Text))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("exchanges", "licence_number")
    op.drop_column("letters", "agreement")
