"""Dead lines and dead letters, and what was observed of each message."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008_lines"
down_revision: str | None = "0007_modes"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)
KIND = sa.String(32)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("partners", sa.Column("failures", sa.Integer, server_default="0", nullable=False))
    op.add_column(
        "agreements",
        sa.Column("give_up_after_days", sa.Integer, server_default="30", nullable=False),
    )
    op.add_column("deliveries", sa.Column("replayed_at", INSTANT))
    op.drop_index("ix_deliveries_due", "deliveries")
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["partner", "next_attempt_at"],
        postgresql_where=sa.text("state = 'due'"),
    )
    op.create_index(
        "ix_deliveries_dead", "deliveries", ["id"], postgresql_where=sa.text("state = 'dead'")
    )
    op.create_table(
        "operations",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("partner", sa.Text, nullable=False),
        sa.Column("direction", KIND, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("message_id", sa.Uuid),
        sa.Column("exchange_id", sa.Uuid),
        sa.Column("milliseconds", sa.Double, nullable=False),
        sa.Column("outcome", KIND, nullable=False),
        sa.Column("fault", sa.Text),
        sa.Column("fault_of", KIND),
        sa.PrimaryKeyConstraint("id", name="pk_operations"),
    )
    op.create_index("ix_operations_at", "operations", ["at"])
    op.create_index("ix_operations_partner_at", "operations", ["partner", "at"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("operations")
    op.drop_index("ix_deliveries_dead", "deliveries")
    op.drop_index("ix_deliveries_due", "deliveries")
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["next_attempt_at"],
        postgresql_where=sa.text("state = 'due'"),
    )
    op.drop_column("deliveries", "replayed_at")
    op.drop_column("agreements", "give_up_after_days")
    op.drop_column("partners", "failures")
