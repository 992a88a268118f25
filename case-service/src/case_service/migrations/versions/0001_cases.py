"""Cases with their materials and timeline, and what is kept of matters and sites."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001_cases"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = ("case",)
depends_on: str | Sequence[str] | None = "0001_kernel"

INSTANT = sa.DateTime(timezone=True)
JSON = postgresql.JSONB()


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("CREATE SEQUENCE case_numbers MINVALUE 1 MAXVALUE 999999 CYCLE")
    op.create_table(
        "cases",
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("stage", sa.String(32), nullable=False),
        sa.Column("district", sa.Text, nullable=False),
        sa.Column("owner_district", sa.Text, nullable=False),
        sa.Column("from_district", sa.Text),
        sa.Column("exchange_id", sa.Uuid),
        sa.Column("site_id", sa.Text),
        sa.Column("ticket_id", sa.Uuid),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("life_event", sa.Text),
        sa.Column("matter_code", sa.Text, nullable=False),
        sa.Column("matter_name", sa.Text, nullable=False),
        sa.Column("matter_version", sa.Integer, nullable=False),
        sa.Column("handling", sa.String(32), nullable=False),
        sa.Column("statutory_days", sa.Integer, nullable=False),
        sa.Column("promised_days", sa.Integer, nullable=False),
        sa.Column("applicant_subject", sa.Text),
        sa.Column("applicant_kind", sa.Text, nullable=False),
        sa.Column("applicant_masked", sa.Text, nullable=False),
        sa.Column("identity_index", sa.LargeBinary, nullable=False),
        sa.Column("sealed_party", sa.LargeBinary, nullable=False),
        sa.Column("situation_answers", JSON, nullable=False),
        sa.Column("evidence", JSON, nullable=False),
        sa.Column("submitted_by", sa.Text, nullable=False),
        sa.Column("received_by", sa.Text),
        sa.Column("accepted_by", sa.Text),
        sa.Column("reviewed_by", sa.Text),
        sa.Column("decided_by", sa.Text),
        sa.Column("helpers", JSON, nullable=False),
        sa.Column("submitted_at", INSTANT, nullable=False),
        sa.Column("received_at", INSTANT),
        sa.Column("notified_at", INSTANT),
        sa.Column("accepted_at", INSTANT),
        sa.Column("decided_at", INSTANT),
        sa.Column("forwarded_at", INSTANT),
        sa.Column("closed_at", INSTANT),
        sa.Column("corrections", sa.Integer, nullable=False),
        sa.Column("notice_due_on", sa.Date),
        sa.Column("correction_due_on", sa.Date),
        sa.Column("statutory_due_on", sa.Date),
        sa.Column("promised_due_on", sa.Date),
        sa.Column("issue_due_on", sa.Date),
        sa.Column("forward_due_on", sa.Date),
        sa.Column("is_provisional", sa.Boolean, nullable=False),
        sa.Column("outcome", sa.String(32)),
        sa.Column("reason", sa.Text),
        sa.Column("outside_number", sa.Text),
        sa.Column("missing", JSON, nullable=False),
        sa.Column("documents", JSON, nullable=False),
        sa.Column("licence_id", sa.Uuid),
        sa.Column("licence_number", sa.Text),
        sa.Column("mode", sa.Text),
        sa.Column("forward_within_days", sa.Integer),
        sa.Column("forward_failed_reason", sa.Text),
        sa.Column("near_number", sa.Text),
        sa.Column("owner_number", sa.Text),
        sa.Column("owner_stage", sa.Text),
        sa.Column("received_notice", JSON),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
        sa.UniqueConstraint("number", name="uq_cases_number"),
    )
    op.create_index("ix_cases_applicant_subject", "cases", ["applicant_subject", "id"])
    op.create_index("ix_cases_identity_index", "cases", ["identity_index"])
    op.create_index("ix_cases_matter_code", "cases", ["matter_code", "id"])
    op.create_index(
        "ix_cases_near_number",
        "cases",
        ["near_number"],
        postgresql_where=sa.text("near_number IS NOT NULL"),
    )
    is_open = sa.text("closed_at IS NULL")
    op.create_index("ix_cases_open", "cases", ["id"], postgresql_where=is_open)
    op.create_index("ix_cases_open_site_id", "cases", ["site_id", "id"], postgresql_where=is_open)
    op.create_index("ix_cases_open_stage", "cases", ["stage", "id"], postgresql_where=is_open)
    op.create_index("ix_cases_site_id", "cases", ["site_id", "id"])
    op.create_index(
        "uq_cases_exchange_id",
        "cases",
        ["exchange_id"],
        unique=True,
        postgresql_where=sa.text("exchange_id IS NOT NULL"),
    )
    op.create_table(
        "matter_versions",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("retired_on", sa.Date),
        sa.Column("owner_district", sa.Text, nullable=False),
        sa.Column("content", JSON, nullable=False),
        sa.PrimaryKeyConstraint("code", "version", name="pk_matter_versions"),
    )
    op.create_table(
        "partner_matters",
        sa.Column("owner_district", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("agreement", sa.Text, nullable=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("forward_within_days", sa.Integer, nullable=False),
        sa.Column("content", JSON, nullable=False),
        sa.PrimaryKeyConstraint("owner_district", "code", name="pk_partner_matters"),
    )
    op.create_table(
        "progress_misses",
        sa.Column("position", sa.BigInteger, autoincrement=True, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_progress_misses"),
    )
    op.create_index("ix_progress_misses_number", "progress_misses", ["number", "at"])
    op.create_table(
        "sites",
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("site_id", name="pk_sites"),
    )
    op.create_table(
        "materials",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("case_id", sa.Uuid, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("file_name", sa.Text),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("object_key", sa.Text, nullable=False),
        sa.Column("uploaded_by", sa.Text, nullable=False),
        sa.Column("uploaded_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_materials"),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name="fk_materials_case_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_materials_case_id", "materials", ["case_id"])
    op.create_table(
        "timeline_entries",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("case_id", sa.Uuid, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("stage", sa.String(32), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("actor_role", sa.Text),
        sa.Column("site_id", sa.Text),
        sa.Column("comment", sa.Text),
        sa.Column("facts", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_timeline_entries"),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name="fk_timeline_entries_case_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_timeline_entries_case_id", "timeline_entries", ["case_id", "id"])


def downgrade() -> None:
    op.drop_table("timeline_entries")
    op.drop_table("materials")
    op.drop_table("sites")
    op.drop_table("progress_misses")
    op.drop_table("partner_matters")
    op.drop_table("matter_versions")
    op.drop_table("cases")
    op.execute("DROP SEQUENCE case_numbers")
