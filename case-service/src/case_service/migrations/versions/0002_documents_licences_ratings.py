"""Documents and the uses of the seal, licences, ratings, and who helped."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002_documents_licences_ratings"
down_revision: str | None = "0001_cases"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)
NUMBERED = ("receipt", "acceptance", "correction", "decline", "decision", "result_notice")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for kind in NUMBERED:
        op.execute(f"CREATE SEQUENCE document_numbers_{kind}")
    op.execute("CREATE SEQUENCE licence_numbers")
    op.create_table(
        "documents",
        sa.Column("case_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("issued_at", INSTANT, nullable=False),
        sa.Column("drawn_up_by", sa.Text, nullable=False),
        sa.Column("sealed_body", sa.LargeBinary, nullable=False),
        *_record(),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
        sa.UniqueConstraint("number", name="uq_documents_number"),
        _deferred("documents", "case_id", "cases.id"),
    )
    op.create_index("ix_documents_case_id", "documents", ["case_id", "id"])
    op.create_table(
        "licences",
        sa.Column("case_id", sa.Uuid, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("verification_code", sa.Text, nullable=False),
        sa.Column("licence_type", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("holder_masked", sa.Text, nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_until", sa.Date),
        sa.Column("issued_at", INSTANT, nullable=False),
        sa.Column("issued_by", sa.Text, nullable=False),
        sa.Column("sealed_body", sa.LargeBinary, nullable=False),
        sa.Column("seal", sa.Text, nullable=False),
        sa.Column("revoked_at", INSTANT),
        sa.Column("revoked_by", sa.Text),
        sa.Column("sealed_reason", sa.LargeBinary),
        sa.Column("version", sa.Integer, nullable=False),
        *_record(),
        sa.PrimaryKeyConstraint("id", name="pk_licences"),
        sa.UniqueConstraint("number", name="uq_licences_number"),
        sa.UniqueConstraint("verification_code", name="uq_licences_verification_code"),
        _deferred("licences", "case_id", "cases.id"),
    )
    op.create_index("ix_licences_case_id", "licences", ["case_id"])
    op.create_table(
        "seal_uses",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("document_id", sa.Uuid),
        sa.Column("licence_id", sa.Uuid),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_seal_uses"),
        sa.CheckConstraint(
            "num_nonnulls(document_id, licence_id) = 1", name=op.f("ck_seal_uses_one_thing")
        ),
        _deferred("seal_uses", "document_id", "documents.id"),
        _deferred("seal_uses", "licence_id", "licences.id"),
    )
    op.create_index("ix_seal_uses_document_id", "seal_uses", ["document_id"])
    op.create_index("ix_seal_uses_licence_id", "seal_uses", ["licence_id"])
    op.create_table(
        "ratings",
        sa.Column("case_id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Text),
        sa.Column("matter_code", sa.Text, nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("entered_by", sa.Text),
        sa.Column("score", sa.Integer, nullable=False),
        sa.Column("owner_score", sa.Integer),
        sa.Column("sealed_comment", sa.LargeBinary),
        sa.Column("rated_at", INSTANT, nullable=False),
        sa.Column("call_back_due_on", sa.Date),
        sa.Column("is_call_back_provisional", sa.Boolean, nullable=False),
        *_record(),
        sa.PrimaryKeyConstraint("id", name="pk_ratings"),
        sa.UniqueConstraint("case_id", name="uq_ratings_case_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_ratings_case_id"),
        sa.CheckConstraint("score BETWEEN 1 AND 5", name=op.f("ck_ratings_score")),
        sa.CheckConstraint("owner_score BETWEEN 1 AND 5", name=op.f("ck_ratings_owner_score")),
    )
    op.create_index("ix_ratings_site_id", "ratings", ["site_id", "matter_code"])
    op.create_index("ix_ratings_matter_code", "ratings", ["matter_code"])
    op.create_index(
        "ix_ratings_call_back",
        "ratings",
        ["call_back_due_on"],
        postgresql_where=sa.text("call_back_due_on IS NOT NULL"),
    )
    op.create_table(
        "assistance",
        sa.Column("case_id", sa.Uuid, nullable=False),
        sa.Column("mode", sa.String(32), nullable=False),
        sa.Column("helper", sa.Text, nullable=False),
        sa.Column("helper_name", sa.Text, nullable=False),
        sa.Column("steps", postgresql.JSONB(), nullable=False),
        sa.Column("authorisation", sa.String(32)),
        sa.Column("until", sa.Date),
        sa.Column("at", INSTANT, nullable=False),
        *_record(),
        sa.PrimaryKeyConstraint("id", name="pk_assistance"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_assistance_case_id"),
    )
    op.create_index("ix_assistance_case_id", "assistance", ["case_id", "id"])


def downgrade() -> None:
    for table in ("assistance", "ratings", "seal_uses", "licences", "documents"):
        op.drop_table(table)
    op.execute("DROP SEQUENCE licence_numbers")
    for kind in NUMBERED:
        op.execute(f"DROP SEQUENCE document_numbers_{kind}")


def _record() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
    )


def _deferred(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column],
        [target],
        name=f"fk_{table}_{column}",
        deferrable=True,
        initially="DEFERRED",
    )
