"""The message log's places and bodies, and the partners' checkpoints."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003_evidence"
down_revision: str | None = "0002_protocol_2"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)
KIND = sa.String(32)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "logged_messages",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("exchange_id", sa.Uuid, nullable=False),
        sa.Column("message_id", sa.Uuid, nullable=False),
        sa.Column("direction", KIND, nullable=False),
        sa.Column("kind", KIND, nullable=False),
        sa.Column("partner", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("sealed_body", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="pk_logged_messages"),
    )
    op.create_index("ix_logged_messages_exchange_id", "logged_messages", ["exchange_id", "id"])
    op.create_index(
        "ix_logged_messages_bodies",
        "logged_messages",
        ["at"],
        postgresql_where=sa.text("sealed_body IS NOT NULL"),
    )
    op.create_table(
        "partner_anchors",
        sa.Column("partner", sa.Text, nullable=False),
        sa.Column("ledger", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("link", sa.Text, nullable=False),
        sa.Column("signed_at", INSTANT, nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("contradicted_by", sa.Text),
        sa.PrimaryKeyConstraint("partner", "ledger", "seq", name="pk_partner_anchors"),
    )


def downgrade() -> None:
    op.drop_table("partner_anchors")
    op.drop_table("logged_messages")
