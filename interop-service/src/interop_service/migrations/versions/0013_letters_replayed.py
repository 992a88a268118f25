"""Since when a letter counts that a person had sent again: its time to arrive starts anew."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013_letters_replayed"
down_revision: str | None = "0012_terms_revisions"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("letters", sa.Column("replayed_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("letters", "replayed_at")
