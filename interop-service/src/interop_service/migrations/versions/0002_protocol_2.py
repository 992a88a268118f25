"""Protocol 2: a suite by agreement, the receipt's digest by name, whose fault the last one was."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002_protocol_2"
down_revision: str | None = "0001_interop"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KIND = sa.String(32)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # The defaults are for rows of before, and for the release before while it still runs.
    op.add_column(
        "agreements",
        sa.Column("suite", KIND, server_default="ed25519_sha256", nullable=False),
    )
    op.add_column(
        "receipts",
        sa.Column("digest_algorithm", sa.Text, server_default="sha-256", nullable=False),
    )
    op.add_column("deliveries", sa.Column("fault_of", KIND))


def downgrade() -> None:
    op.drop_column("deliveries", "fault_of")
    op.drop_column("receipts", "digest_algorithm")
    op.drop_column("agreements", "suite")
