"""Partners, agreements and offers; exchanges with their messages both ways; recognitions."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001_interop"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = ("interop",)
depends_on: str | Sequence[str] | None = "0001_kernel"

INSTANT = sa.DateTime(timezone=True)
JSON = postgresql.JSONB()
KIND = sa.String(32)


def _record() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
    ]


def _aggregate() -> list[sa.Column[object]]:
    return [
        *_record(),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    ]


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_partners()
    _create_exchanges()
    _create_messages()
    op.create_table(
        "recognitions",
        *_aggregate(),
        sa.Column("exchange_id", sa.Uuid, nullable=False),
        sa.Column("kind", KIND, nullable=False),
        sa.Column("issuer_district", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("state", KIND, nullable=False),
        sa.Column("reasons", JSON, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recognitions"),
        sa.UniqueConstraint("exchange_id", name="uq_recognitions_exchange_id"),
    )


def _create_partners() -> None:
    op.create_table(
        "partners",
        *_aggregate(),
        sa.Column("district", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("english_name", sa.Text, nullable=False),
        sa.Column("provenance", KIND),
        sa.Column("endpoint", sa.Text),
        sa.Column("keys", JSON),
        sa.Column("state", KIND, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_partners"),
        sa.UniqueConstraint("district", name="uq_partners_district"),
    )
    op.create_table(
        "agreements",
        *_aggregate(),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("partner", sa.Text, nullable=False),
        sa.Column("mode", KIND, nullable=False),
        sa.Column("direction", KIND, nullable=False),
        sa.Column("areas", JSON, nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_until", sa.Date),
        sa.Column("forward_within_days", sa.Integer, nullable=False),
        sa.Column("recognised_materials", JSON, nullable=False),
        sa.Column("recognised_results", JSON, nullable=False),
        sa.Column("provenance", KIND),
        sa.Column("state", KIND, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_agreements"),
        sa.UniqueConstraint("code", name="uq_agreements_code"),
    )
    op.create_index("ix_agreements_partner", "agreements", ["partner"])
    op.create_table(
        "matter_offers",
        *_aggregate(),
        sa.Column("owner_district", sa.Text, nullable=False),
        sa.Column("matter_code", sa.Text, nullable=False),
        sa.Column("agreement", sa.Text, nullable=False),
        sa.Column("mode", KIND, nullable=False),
        sa.Column("matter", JSON, nullable=False),
        sa.Column("matter_version", sa.Integer, nullable=False),
        sa.Column("state", KIND, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_matter_offers"),
        sa.UniqueConstraint(
            "owner_district",
            "matter_code",
            "agreement",
            name="uq_matter_offers_owner_district_matter_code_agreement",
        ),
    )
    op.create_index("ix_matter_offers_agreement", "matter_offers", ["agreement"])


def _create_exchanges() -> None:
    op.create_table(
        "exchanges",
        *_aggregate(),
        sa.Column("side", KIND, nullable=False),
        sa.Column("partner", sa.Text, nullable=False),
        sa.Column("agreement", sa.Text),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("matter_code", sa.Text, nullable=False),
        sa.Column("case_id", sa.Uuid),
        sa.Column("near_number", sa.Text),
        sa.Column("owner_number", sa.Text),
        sa.Column("outcome", sa.Text),
        sa.Column("score", sa.Integer),
        sa.Column("state", KIND, nullable=False),
        sa.Column("last_fault", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_exchanges"),
    )
    op.create_index("ix_exchanges_partner_id", "exchanges", ["partner", "id"])
    op.create_table(
        "hops",
        sa.Column("exchange_id", sa.Uuid, nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("state", KIND, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("note", sa.Text),
        sa.PrimaryKeyConstraint("exchange_id", "ordinal", name="pk_hops"),
        sa.ForeignKeyConstraint(
            ["exchange_id"], ["exchanges.id"], name="fk_hops_exchange_id", ondelete="CASCADE"
        ),
    )


def _create_messages() -> None:
    op.create_table(
        "deliveries",
        *_record(),
        sa.Column("exchange_id", sa.Uuid, nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("kind", KIND, nullable=False),
        sa.Column("partner", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("state", KIND, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", INSTANT, nullable=False),
        sa.Column("last_attempt_at", INSTANT),
        sa.Column("last_fault", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("exchange_id", "ordinal", name="uq_deliveries_exchange_id_ordinal"),
        sa.ForeignKeyConstraint(
            ["exchange_id"], ["exchanges.id"], name="fk_deliveries_exchange_id", ondelete="CASCADE"
        ),
    )
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["next_attempt_at"],
        postgresql_where=sa.text("state = 'due'"),
    )
    op.create_table(
        "receipts",
        *_record(),
        sa.Column("exchange_id", sa.Uuid, nullable=False),
        sa.Column("receipt_id", sa.Uuid, nullable=False),
        sa.Column("message_id", sa.Uuid, nullable=False),
        sa.Column("message_kind", KIND, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("signature", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_receipts"),
        sa.UniqueConstraint("sender", "message_id", name="uq_receipts_sender_message_id"),
        sa.ForeignKeyConstraint(
            ["exchange_id"], ["exchanges.id"], name="fk_receipts_exchange_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_receipts_exchange_id", "receipts", ["exchange_id"])
    op.create_table(
        "nonces",
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("sender", "nonce", name="pk_nonces"),
    )
    op.create_index("ix_nonces_at", "nonces", ["at"])


def downgrade() -> None:
    for table in (
        "recognitions",
        "nonces",
        "receipts",
        "deliveries",
        "hops",
        "exchanges",
        "matter_offers",
        "agreements",
        "partners",
    ):
        op.drop_table(table)
