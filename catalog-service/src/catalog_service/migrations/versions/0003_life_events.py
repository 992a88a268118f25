"""Life events: matters that are done as one."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0003_life_events"
down_revision: str | None = "0002_structure"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TEXTS = postgresql.ARRAY(sa.Text)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "life_events",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("owner_district", sa.Text, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("english_name", sa.Text, nullable=False),
        sa.Column("audiences", TEXTS, nullable=False),
        sa.Column("matters", TEXTS, nullable=False),
        sa.Column("content", postgresql.JSONB, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_life_events"),
    )
    op.create_index("ix_life_events_matters", "life_events", ["matters"], postgresql_using="gin")


def downgrade() -> None:
    op.drop_table("life_events")
