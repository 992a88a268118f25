"""Letters between districts outside a case, and requests for evidence."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0005_evidence_requests"
down_revision: str | None = "0004_equivalences"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)
JSON = postgresql.JSONB()
KIND = sa.String(32)


def _record() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
    ]


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_letters()
    op.create_table(
        "evidence_requests",
        *_record(),
        sa.Column("party", KIND, nullable=False),
        sa.Column("partner", sa.Text, nullable=False),
        sa.Column("agreement", sa.Text, nullable=False),
        sa.Column("evidence_type", sa.Text, nullable=False),
        sa.Column("counts_as", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("consent_reference", sa.Text, nullable=False),
        sa.Column("consent_given_at", INSTANT, nullable=False),
        sa.Column("consent_expires_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("state", KIND, nullable=False),
        sa.Column("reasons", JSON, nullable=False),
        sa.Column("requested_by", sa.Text, nullable=False),
        sa.Column("applicant_subject", sa.Text),
        sa.Column("decided_by", sa.Text),
        sa.Column("sealed_holder", sa.LargeBinary),
        sa.Column("sealed_preview", sa.LargeBinary),
        sa.Column("sealed_evidence", sa.LargeBinary),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_evidence_requests"),
    )
    op.create_index(
        "ix_evidence_requests_applicant", "evidence_requests", ["applicant_subject", "id"]
    )
    op.create_index(
        "ix_evidence_requests_kept",
        "evidence_requests",
        ["expires_at"],
        postgresql_where=sa.text(
            "state IN ('requested', 'previewed', 'accepted') OR sealed_evidence IS NOT NULL"
        ),
    )


def _create_letters() -> None:
    op.create_table(
        "letters",
        *_record(),
        sa.Column("exchange_id", sa.Uuid, nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("kind", KIND, nullable=False),
        sa.Column("partner", sa.Text, nullable=False),
        sa.Column("suite", KIND, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.Column("not_after", INSTANT),
        sa.Column("state", KIND, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", INSTANT, nullable=False),
        sa.Column("last_attempt_at", INSTANT),
        sa.Column("last_fault", sa.Text),
        sa.Column("fault_of", KIND),
        sa.PrimaryKeyConstraint("id", name="pk_letters"),
        sa.UniqueConstraint("exchange_id", "ordinal", name="uq_letters_exchange_id_ordinal"),
    )
    op.create_index(
        "ix_letters_due",
        "letters",
        ["next_attempt_at"],
        postgresql_where=sa.text("state = 'due'"),
    )
    op.create_table(
        "letter_receipts",
        *_record(),
        sa.Column("exchange_id", sa.Uuid, nullable=False),
        sa.Column("message_id", sa.Uuid, nullable=False),
        sa.Column("kind", KIND, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("signed", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_letter_receipts"),
        sa.UniqueConstraint("sender", "message_id", name="uq_letter_receipts_sender_message_id"),
    )
    op.create_index("ix_letter_receipts_exchange_id", "letter_receipts", ["exchange_id"])


def downgrade() -> None:
    op.drop_table("evidence_requests")
    op.drop_table("letter_receipts")
    op.drop_table("letters")
