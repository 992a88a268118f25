"""The near district's case follows its owners: since when they have it, what was asked and handed.

Whatever was forwarded before counts as received by its owner when it was forwarded: its time for
forwarding ended there.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0016_modes"
down_revision: str | None = "0015_bundles"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)
MOMENTS = ("with_owner_since", "withdrawal_requested_at", "handed_over_at")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "cases",
        sa.Column(
            "owners", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
    )
    for name in MOMENTS:
        op.add_column("cases", sa.Column(name, INSTANT))
    op.add_column("cases", sa.Column("sent_material_id", sa.Uuid))
    op.execute(
        "UPDATE cases SET with_owner_since = forwarded_at"
        " WHERE forwarded_at IS NOT NULL AND forward_failed_reason IS NULL"
    )


def downgrade() -> None:
    for name in ("sent_material_id", *reversed(MOMENTS), "owners"):
        op.drop_column("cases", name)
