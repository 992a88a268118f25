"""Files of materials that travel beside their message, and messages that wait for them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009_files"
down_revision: str | None = "0008_lines"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)
KIND = sa.String(32)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "partners",
        sa.Column("largest_file_megabytes", sa.Integer, server_default="500", nullable=False),
    )
    op.create_table(
        "exchange_files",
        *_record(),
        sa.Column("direction", KIND, nullable=False),
        sa.Column("partner", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("reached", sa.BigInteger, nullable=False),
        sa.Column("whole_at", INSTANT),
        sa.Column("sealed_secret", sa.LargeBinary, nullable=False),
        sa.Column("plain_index", sa.LargeBinary),
        sa.Column("used_at", INSTANT, nullable=False),
        sa.Column("taken_until", INSTANT),
        sa.Column("last_fault", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_exchange_files"),
        sa.UniqueConstraint(
            "direction", "partner", "digest", name="uq_exchange_files_direction_partner_digest"
        ),
    )
    op.create_index(
        "ix_exchange_files_plain_index",
        "exchange_files",
        ["partner", "plain_index"],
        postgresql_where=sa.text("plain_index IS NOT NULL"),
    )
    op.create_index("ix_exchange_files_used_at", "exchange_files", ["used_at"])
    op.create_table(
        "file_pieces",
        _reference("file_pieces", "file_id", "exchange_files"),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("object_key", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("file_id", "start", name="pk_file_pieces"),
    )
    op.create_index("ix_file_pieces_object_key", "file_pieces", ["object_key"])
    op.create_table(
        "delivery_files",
        _reference("delivery_files", "delivery_id", "deliveries"),
        _reference("delivery_files", "file_id", "exchange_files"),
        sa.PrimaryKeyConstraint("delivery_id", "file_id", name="pk_delivery_files"),
    )
    op.create_index("ix_delivery_files_file_id", "delivery_files", ["file_id"])
    op.create_table(
        "waiting_messages",
        *_record(),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("message_id", sa.Uuid, nullable=False),
        sa.Column("exchange_id", sa.Uuid, nullable=False),
        sa.Column("kind", KIND, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("digest_algorithm", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_waiting_messages"),
        sa.UniqueConstraint("sender", "message_id", name="uq_waiting_messages_sender_message_id"),
    )
    op.create_table(
        "waiting_files",
        _reference("waiting_files", "waiting_id", "waiting_messages"),
        _reference("waiting_files", "file_id", "exchange_files"),
        sa.PrimaryKeyConstraint("waiting_id", "file_id", name="pk_waiting_files"),
    )
    op.create_index("ix_waiting_files_file_id", "waiting_files", ["file_id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in (
        "waiting_files",
        "waiting_messages",
        "delivery_files",
        "file_pieces",
        "exchange_files",
    ):
        op.drop_table(table)
    op.drop_column("partners", "largest_file_megabytes")


def _record() -> list[sa.Column[object]]:
    now = sa.text("now()")
    return [
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("created_at", INSTANT, server_default=now, nullable=False),
        sa.Column("updated_at", INSTANT, server_default=now, nullable=False),
    ]


def _reference(table: str, name: str, target: str) -> sa.Column[object]:
    return sa.Column(
        name,
        sa.Uuid,
        sa.ForeignKey(
            f"{target}.id",
            name=f"fk_{table}_{name}_{target}",
            ondelete="CASCADE",
            deferrable=True,
            initially="DEFERRED",
        ),
        nullable=False,
    )
