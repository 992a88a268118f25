"""More kinds of documents, seals with their keepers, and deliveries."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0006_documents"
down_revision: str | None = "0005_materials"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)
JSON = postgresql.JSONB()
NUMBERED = ("special_procedure", "extension", "termination", "proof_of_service")
# What carried the seal at this revision; the first authorisation covers it, as sealing did before.
SEALED = (
    *("receipt", "acceptance", "correction", "decline", "decision", "result_notice"),
    *NUMBERED,
    "licence",
)
FIRST_SEAL = "01980000-0000-7000-8000-000000000001"
FIRST_AUTHORISATION = "01980000-0000-7000-8000-000000000002"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for kind in NUMBERED:
        op.execute(f"CREATE SEQUENCE document_numbers_{kind}")
    op.add_column("documents", sa.Column("pdf_key", sa.Text))
    op.create_table(
        "verification_misses",
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_verification_misses"),
    )
    op.create_index("ix_verification_misses_number", "verification_misses", ["number", "at"])
    _seals()
    _deliveries()


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("case_id", sa.Uuid, nullable=False),
        sa.Column("direction", sa.String(32), nullable=False),
        sa.Column("way", sa.String(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("things", JSON, nullable=False),
        sa.Column("due_on", sa.Date),
        sa.Column("sealed_recipient", sa.LargeBinary),
        sa.Column("carrier", sa.Text),
        sa.Column("tracking_number", sa.Text),
        sa.Column("postage_by", sa.String(32)),
        sa.Column("locker", sa.Text),
        sa.Column("sealed_code", sa.LargeBinary),
        sa.Column("code_ends_at", INSTANT),
        sa.Column("code_misses", sa.Integer, nullable=False),
        sa.Column("consent_id", sa.Uuid),
        sa.Column("partner_district", sa.Text),
        sa.Column("prepared_at", INSTANT, nullable=False),
        sa.Column("prepared_by", sa.Text, nullable=False),
        sa.Column("sent_at", INSTANT),
        sa.Column("delivered_at", INSTANT),
        sa.Column("confirmed_by", sa.Text),
        sa.Column("returned_at", INSTANT),
        sa.Column("return_reason", sa.Text),
        sa.Column("proof_id", sa.Uuid),
        sa.Column("next_due_at", INSTANT),
        sa.Column("version", sa.Integer, nullable=False),
        *_record(),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
            name="fk_deliveries_case_id",
            deferrable=True,
            initially="DEFERRED",
        ),
    )
    op.create_index("ix_deliveries_case_id", "deliveries", ["case_id", "id"])
    op.create_index(
        "uq_deliveries_under_way",
        "deliveries",
        ["case_id"],
        unique=True,
        postgresql_where=sa.text("direction = 'to_applicant' AND state IN ('prepared', 'sent')"),
    )
    op.create_index(
        "ix_deliveries_next_due_at",
        "deliveries",
        ["next_due_at"],
        postgresql_where=sa.text("next_due_at IS NOT NULL"),
    )


def _seals() -> None:
    seals = op.create_table(
        "seals",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("keepers", JSON, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        *_record(),
        sa.PrimaryKeyConstraint("id", name="pk_seals"),
        sa.UniqueConstraint("name", name="uq_seals_name"),
    )
    authorisations = op.create_table(
        "seal_authorisations",
        sa.Column("seal_id", sa.Uuid, nullable=False),
        sa.Column("kinds", JSON, nullable=False),
        sa.Column("from_on", sa.Date, nullable=False),
        sa.Column("until_on", sa.Date),
        sa.Column("case_id", sa.Uuid),
        sa.Column("given_by", sa.Text, nullable=False),
        sa.Column("given_at", INSTANT, nullable=False),
        sa.Column("revoked_by", sa.Text),
        sa.Column("revoked_at", INSTANT),
        *_record(),
        sa.PrimaryKeyConstraint("id", name="pk_seal_authorisations"),
        sa.ForeignKeyConstraint(["seal_id"], ["seals.id"], name="fk_seal_authorisations_seal_id"),
    )
    op.create_index("ix_seal_authorisations_seal_id", "seal_authorisations", ["seal_id", "id"])
    # Sealing went on by itself before the register: it goes on until a keeper says otherwise.
    first = {"id": FIRST_SEAL, "name": "电子印章", "keepers": [], "state": "active", "version": 1}
    op.bulk_insert(seals, [first])
    op.bulk_insert(
        authorisations,
        [
            {
                "id": FIRST_AUTHORISATION,
                "seal_id": FIRST_SEAL,
                "kinds": sorted(SEALED),
                "from_on": date(2000, 1, 1),
                "given_by": "setup",
                "given_at": datetime(2020, 1, 1, tzinfo=UTC),
            }
        ],
    )
    op.add_column("seal_uses", sa.Column("seal_id", sa.Uuid))
    op.add_column("seal_uses", sa.Column("authorisation_id", sa.Uuid))
    op.add_column("seal_uses", sa.Column("key_id", sa.Text))
    for column, target in (("seal_id", "seals"), ("authorisation_id", "seal_authorisations")):
        op.create_foreign_key(f"fk_seal_uses_{column}", "seal_uses", target, [column], ["id"])
    op.create_index("ix_seal_uses_seal_id", "seal_uses", ["seal_id", "id"])


def downgrade() -> None:
    op.drop_table("deliveries")
    op.drop_index("ix_seal_uses_seal_id", "seal_uses")
    for column in ("seal_id", "authorisation_id", "key_id"):
        op.drop_column("seal_uses", column)
    for table in ("seal_authorisations", "seals", "verification_misses"):
        op.drop_table(table)
    op.drop_column("documents", "pdf_key")
    for kind in NUMBERED:
        op.execute(f"DROP SEQUENCE document_numbers_{kind}")


def _record() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
    )
