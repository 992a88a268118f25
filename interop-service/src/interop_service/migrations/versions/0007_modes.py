"""Three modes: who holds an exchange since when, its clock and light; joint parts; receipts' kinds.

What was one state `progressed` becomes the state that its last hop noted.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0007_modes"
down_revision: str | None = "0006_links"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)
JSON = postgresql.JSONB()
KIND = sa.String(32)
NONE = sa.text("'[]'::jsonb")


def _exchange_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("is_licence", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("holder", sa.Text),
        sa.Column("held_since", INSTANT),
        sa.Column("handing_over", sa.Uuid),
        sa.Column("clock", KIND),
        sa.Column("due_on", sa.Date),
        sa.Column("light", KIND),
        sa.Column("sent_ordinal", sa.Integer, server_default="0", nullable=False),
        sa.Column("taken_ordinal", sa.Integer, server_default="0", nullable=False),
        sa.Column("joint_id", sa.Uuid),
        sa.Column("concert", JSON, server_default=NONE, nullable=False),
        sa.Column("remote_help", sa.Text),
        sa.Column("withdrawal_requested_at", INSTANT),
        sa.Column("near_case_id", sa.Uuid),
    ]


def _other_columns() -> list[tuple[str, sa.Column[object]]]:
    return [
        ("hops", sa.Column("clock", KIND)),
        ("hops", sa.Column("due_on", sa.Date)),
        ("deliveries", sa.Column("delivered_at", INSTANT)),
        ("receipts", sa.Column("kind", KIND, server_default="received", nullable=False)),
        ("agreements", sa.Column("postage_borne_by", KIND, server_default="owner", nullable=False)),
        (
            "agreements",
            sa.Column(
                "delegated_acceptance", sa.Boolean, server_default=sa.false(), nullable=False
            ),
        ),
        ("matter_offers", sa.Column("joint_with", JSON, server_default=NONE, nullable=False)),
    ]


# The words that both sides share now, for those that each had of its own.
STATES_NOW = """
UPDATE {table} SET state = CASE state
    WHEN 'acknowledged' THEN 'received'
    WHEN 'result_prepared' THEN 'concluded'
    WHEN 'result_sent' THEN 'concluded'
    ELSE CASE {note}
        WHEN 'corrections_requested' THEN 'correcting'
        WHEN 'decided' THEN 'decided'
        ELSE 'accepted'
    END
END
WHERE state IN ('acknowledged', 'result_prepared', 'result_sent', 'progressed')
"""
LAST_NOTE = """(
    SELECT note FROM hops WHERE hops.exchange_id = exchanges.id ORDER BY ordinal DESC LIMIT 1
)"""
WHERE_IT_IS = """
UPDATE exchanges SET
    holder = coalesce(last.holder, exchanges.partner),
    held_since = coalesce(last.at, exchanges.created_at),
    sent_ordinal = (
        SELECT coalesce(max(ordinal), 0) FROM deliveries WHERE exchange_id = exchanges.id
    ),
    taken_ordinal = (
        SELECT count(*) FROM receipts
        WHERE exchange_id = exchanges.id AND sender = exchanges.partner
    )
FROM exchanges AS one
LEFT JOIN LATERAL (
    SELECT holder, at FROM hops WHERE hops.exchange_id = one.id ORDER BY ordinal DESC LIMIT 1
) AS last ON true
WHERE one.id = exchanges.id
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for column in _exchange_columns():
        op.add_column("exchanges", column)
    for table, column in _other_columns():
        op.add_column(table, column)
    op.execute(STATES_NOW.format(table="exchanges", note=LAST_NOTE))
    op.execute(STATES_NOW.format(table="hops", note="note"))
    op.execute(WHERE_IT_IS)
    op.alter_column("exchanges", "mode", type_=KIND)
    op.alter_column("exchanges", "holder", nullable=False)
    op.alter_column("exchanges", "held_since", nullable=False)
    op.create_table(
        "reconciliations",
        sa.Column("partner", sa.Text, nullable=False),
        sa.Column("wanted_at", INSTANT, nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("run_at", INSTANT),
        sa.Column("examined", sa.Integer, nullable=False),
        sa.Column("mended", sa.Integer, nullable=False),
        sa.Column("last_fault", sa.Text),
        sa.PrimaryKeyConstraint("partner", name="pk_reconciliations"),
    )
    op.create_index("ix_reconciliations_wanted_at", "reconciliations", ["wanted_at"])
    for name, columns, where in (
        ("joint_id", ["joint_id"], "joint_id IS NOT NULL"),
        ("due_on", ["due_on"], "due_on IS NOT NULL"),
        ("partner_updated_at", ["partner", "updated_at"], None),
    ):
        op.create_index(
            f"ix_exchanges_{name}",
            "exchanges",
            columns,
            postgresql_where=sa.text(where) if where else None,
        )


def downgrade() -> None:
    op.drop_table("reconciliations")
    op.alter_column("exchanges", "mode", type_=sa.Text)
    for name in ("joint_id", "due_on", "partner_updated_at"):
        op.drop_index(f"ix_exchanges_{name}", "exchanges")
    for table, column in reversed(_other_columns()):
        op.drop_column(table, column.name)
    for column in reversed(_exchange_columns()):
        op.drop_column("exchanges", column.name)
