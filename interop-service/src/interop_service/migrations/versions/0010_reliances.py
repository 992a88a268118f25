"""Licences verified at their issuers, who relied on what, disputes; status lists of partners."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0010_reliances"
down_revision: str | None = "0009_files"
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
    op.add_column(
        "evidence_requests",
        sa.Column("sequence", sa.BigInteger, server_default="0", nullable=False),
    )
    op.add_column("evidence_requests", sa.Column("document_number", sa.Text))
    op.add_column("evidence_requests", sa.Column("valid_until", sa.Date))
    op.add_column("evidence_requests", sa.Column("proof_state", KIND))
    op.create_index(
        "ix_evidence_requests_document", "evidence_requests", ["partner", "document_number"]
    )
    _create_licences()
    _create_verifications()
    _create_reliances()


def _create_licences() -> None:
    op.create_table(
        "issued_licences",
        sa.Column("licence_id", sa.Uuid, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("code_sha256", sa.Text, nullable=False),
        sa.Column("content_sha256", sa.Text, nullable=False),
        sa.Column("licence_type", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_until", sa.Date),
        sa.Column("invalid_from", sa.Date),
        sa.Column("ground", sa.Text),
        sa.Column("status_list", JSON, nullable=False),
        sa.PrimaryKeyConstraint("licence_id", name="pk_issued_licences"),
    )
    op.create_index("ix_issued_licences_number", "issued_licences", ["number"])
    op.create_index("ix_issued_licences_code_sha256", "issued_licences", ["code_sha256"])


def _create_verifications() -> None:
    op.create_table(
        "licence_verifications",
        *_record(),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("party", KIND, nullable=False),
        sa.Column("partner", sa.Text, nullable=False),
        sa.Column("agreement", sa.Text, nullable=False),
        sa.Column("licence_type", sa.Text, nullable=False),
        sa.Column("counts_as", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("number", sa.Text),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("state", KIND, nullable=False),
        sa.Column("reasons", JSON, nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("standing", KIND),
        sa.Column("content_matches", sa.Boolean),
        sa.Column("is_disputed", sa.Boolean, nullable=False),
        sa.Column("valid_from", sa.Date),
        sa.Column("valid_until", sa.Date),
        sa.Column("invalid_from", sa.Date),
        sa.Column("as_of", INSTANT),
        sa.Column("answer", sa.Text),
        sa.Column("status_list", JSON),
        sa.Column("proof_state", KIND),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_licence_verifications"),
    )
    op.create_index(
        "ix_licence_verifications_number", "licence_verifications", ["partner", "number"]
    )
    op.create_index(
        "ix_licence_verifications_asked",
        "licence_verifications",
        ["expires_at"],
        postgresql_where=sa.text("state = 'asked'"),
    )
    op.create_table(
        "status_list_copies",
        *_record(),
        sa.Column("partner", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("fetched_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_status_list_copies"),
        sa.UniqueConstraint("partner", "path", name="uq_status_list_copies_partner_path"),
    )


def _create_reliances() -> None:
    op.create_table(
        "partner_reliances",
        *_record(),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("party", KIND, nullable=False),
        sa.Column("partner", sa.Text, nullable=False),
        sa.Column("agreement", sa.Text, nullable=False),
        sa.Column("proof_id", sa.Uuid, nullable=False),
        sa.Column("document_number", sa.Text, nullable=False),
        sa.Column("case_id", sa.Uuid),
        sa.Column("case_number", sa.Text, nullable=False),
        sa.Column("relied_at", INSTANT, nullable=False),
        sa.Column("status_list", JSON),
        sa.Column("state", KIND, nullable=False),
        sa.Column("change", KIND),
        sa.Column("effective_from", sa.Date),
        sa.Column("changed_at", INSTANT),
        sa.Column("told_at", INSTANT),
        sa.Column("last_fault", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_partner_reliances"),
    )
    op.create_index(
        "ix_partner_reliances_document",
        "partner_reliances",
        ["document_number", "party", "partner"],
    )
    op.create_index("ix_partner_reliances_state", "partner_reliances", ["state", "id"])
    op.create_table(
        "disputes",
        *_record(),
        sa.Column("party", KIND, nullable=False),
        sa.Column("partner", sa.Text, nullable=False),
        sa.Column("reliance_id", sa.Uuid, nullable=False),
        sa.Column("document_number", sa.Text, nullable=False),
        sa.Column("ground", KIND, nullable=False),
        sa.Column("sealed_reason", sa.LargeBinary, nullable=False),
        sa.Column("sealed_answer", sa.LargeBinary),
        sa.Column("state", KIND, nullable=False),
        sa.Column("raised_at", INSTANT, nullable=False),
        sa.Column("raised_by", sa.Text, nullable=False),
        sa.Column("due_on", sa.Date),
        sa.Column("answered_at", INSTANT),
        sa.Column("answered_by", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_disputes"),
        sa.ForeignKeyConstraint(
            ["reliance_id"],
            ["partner_reliances.id"],
            name="fk_disputes_reliance_id_partner_reliances",
        ),
    )
    op.create_index("ix_disputes_document", "disputes", ["document_number"])
    op.create_index("ix_disputes_reliance_id", "disputes", ["reliance_id"])
    op.create_index(
        "ix_disputes_open",
        "disputes",
        ["due_on", "id"],
        postgresql_where=sa.text("state = 'raised'"),
    )


def downgrade() -> None:
    op.drop_table("disputes")
    op.drop_table("partner_reliances")
    op.drop_table("status_list_copies")
    op.drop_table("licence_verifications")
    op.drop_table("issued_licences")
    op.drop_index("ix_evidence_requests_document", table_name="evidence_requests")
    for name in ("proof_state", "valid_until", "document_number", "sequence"):
        op.drop_column("evidence_requests", name)
