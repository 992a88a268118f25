"""Case files kept, handed over and destroyed: the archive."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0011_archive"
down_revision: str | None = "0010_oversight"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)
SCHEDULE = (
    # A permit is what others rely on for long; what ended without a decision is of little use.
    ("licence", None, "years_30"),
    ("confirmation", None, "years_30"),
    ("benefit", None, "years_30"),
    ("award", None, "years_30"),
    ("adjudication", None, "permanent"),
    ("other_power", None, "years_30"),
    ("public_service", None, "years_10"),
    (None, "declined", "years_10"),
    (None, "withdrawn", "years_10"),
    (None, "terminated", "years_10"),
)
BASIS = "机关档案管理规定；示例，以同级档案主管部门审定的保管期限表为准"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("CREATE SEQUENCE archive_numbers")
    op.add_column("cases", sa.Column("archive_file_id", sa.Uuid))
    rules = op.create_table(
        "retention_rules",
        sa.Column("matter_type", sa.Text),
        sa.Column("matter_code", sa.Text),
        sa.Column("matter_version", sa.Integer),
        sa.Column("outcome", sa.Text),
        sa.Column("retention", sa.String(32), nullable=False),
        *_texts("basis", "changed_by"),
        sa.Column("version", sa.Integer, nullable=False),
        *_record(),
        sa.PrimaryKeyConstraint("id", name="pk_retention_rules"),
        sa.UniqueConstraint(
            "matter_type",
            "matter_code",
            "matter_version",
            "outcome",
            name="uq_retention_rules_about",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "archive_files",
        sa.Column("case_id", sa.Uuid, nullable=False),
        *_texts("case_number", "matter_code", "matter_name"),
        sa.Column("closed_on", sa.Date, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("number", sa.Text),
        sa.Column("retention", sa.String(32)),
        sa.Column("retention_ends_on", sa.Date),
        sa.Column("edition", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("filed_at", INSTANT),
        sa.Column("sealed_record", sa.LargeBinary),
        sa.Column("contents", JSONB, server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("signature", sa.Text),
        sa.Column("transfer_id", sa.Uuid),
        sa.Column("destruction_id", sa.Uuid),
        sa.Column("destroyed_at", INSTANT),
        sa.Column("version", sa.Integer, server_default=sa.text("1"), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("next_due_at", INSTANT),
        *_record(),
        sa.PrimaryKeyConstraint("id", name="pk_archive_files"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_archive_files_case_id"),
        sa.UniqueConstraint("case_id", name="uq_archive_files_case_id"),
        sa.UniqueConstraint("number", name="uq_archive_files_number"),
    )
    op.create_index("ix_archive_files_state", "archive_files", ["state", "id"])
    _index_where("archive_files", "next_due_at", ["next_due_at"], "next_due_at IS NOT NULL")
    _index_where(
        "archive_files",
        "ending",
        ["retention_ends_on", "id"],
        "state IN ('filed', 'transferred') AND retention_ends_on IS NOT NULL",
    )
    for name in ("transfer_id", "destruction_id"):
        _index_where("archive_files", name, [name], f"{name} IS NOT NULL")
    op.create_table(
        "archive_holds",
        sa.Column("file_id", sa.Uuid, nullable=False),
        sa.Column("ground", sa.String(32), nullable=False),
        *_texts("reference", "placed_by"),
        sa.Column("placed_at", INSTANT, nullable=False),
        sa.Column("lifted_by", sa.Text),
        sa.Column("lifted_at", INSTANT),
        *_record(),
        sa.PrimaryKeyConstraint("id", name="pk_archive_holds"),
        sa.ForeignKeyConstraint(["file_id"], ["archive_files.id"], name="fk_archive_holds_file_id"),
    )
    _index_where("archive_holds", "file_id", ["file_id"], "lifted_at IS NULL")
    op.create_table(
        "archive_transfers",
        *_texts("number", "recipient"),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("files", sa.Integer, nullable=False),
        *_texts("requested_by"),
        sa.Column("requested_at", INSTANT, nullable=False),
        sa.Column("ready_at", INSTANT),
        sa.Column("object_key", sa.Text),
        sa.Column("sealed_key", sa.LargeBinary),
        sa.Column("size", sa.BigInteger),
        sa.Column("sha256", sa.Text),
        sa.Column("fault", sa.Text),
        sa.Column("receipt_number", sa.Text),
        sa.Column("acknowledged_by", sa.Text),
        sa.Column("acknowledged_at", INSTANT),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("next_due_at", INSTANT),
        *_record(),
        sa.PrimaryKeyConstraint("id", name="pk_archive_transfers"),
        sa.UniqueConstraint("number", name="uq_archive_transfers_number"),
    )
    _index_where("archive_transfers", "next_due_at", ["next_due_at"], "next_due_at IS NOT NULL")
    op.create_table(
        "destructions",
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("files", sa.Integer, nullable=False),
        *_texts("appraisal", "proposed_by"),
        sa.Column("proposed_at", INSTANT, nullable=False),
        sa.Column("decided_by", sa.Text),
        sa.Column("decided_at", INSTANT),
        sa.Column("reason", sa.Text),
        sa.Column("done_at", INSTANT),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("next_due_at", INSTANT),
        *_record(),
        sa.PrimaryKeyConstraint("id", name="pk_destructions"),
    )
    _index_where("destructions", "next_due_at", ["next_due_at"], "next_due_at IS NOT NULL")
    op.create_table(
        "destruction_register",
        sa.Column("destruction_id", sa.Uuid, nullable=False),
        *_texts("number", "case_number", "matter_code", "matter_name"),
        sa.Column("retention", sa.String(32), nullable=False),
        sa.Column("closed_on", sa.Date, nullable=False),
        sa.Column("retention_ends_on", sa.Date, nullable=False),
        *_texts("contents_sha256"),
        sa.Column("things", sa.Integer, nullable=False),
        *_texts("proposed_by", "approved_by"),
        sa.Column("destroyed_at", INSTANT, nullable=False),
        *_record(),
        sa.PrimaryKeyConstraint("id", name="pk_destruction_register"),
        sa.ForeignKeyConstraint(
            ["destruction_id"], ["destructions.id"], name="fk_destruction_register_destruction_id"
        ),
        sa.UniqueConstraint("number", name="uq_destruction_register_number"),
    )
    op.create_index(
        "ix_destruction_register_destruction_id", "destruction_register", ["destruction_id"]
    )
    for matter_type, outcome, retention in SCHEDULE:
        op.execute(
            rules.insert().values(
                id=sa.text("gen_random_uuid()"),
                matter_type=matter_type,
                outcome=outcome,
                retention=retention,
                basis=BASIS,
                changed_by="set-up",
                version=1,
            )
        )
    _index_where(
        "cases",
        "unfiled",
        ["closed_at"],
        "closed_at IS NOT NULL AND archive_file_id IS NULL"
        " AND (stage != 'withdrawn' OR received_at IS NOT NULL)",
    )


def downgrade() -> None:
    op.drop_index("ix_cases_unfiled", "cases")
    op.drop_column("cases", "archive_file_id")
    for table in (
        "destruction_register",
        "destructions",
        "archive_transfers",
        "archive_holds",
        "archive_files",
        "retention_rules",
    ):
        op.drop_table(table)
    op.execute("DROP SEQUENCE archive_numbers")


def _texts(*names: str) -> tuple[sa.Column[str], ...]:
    return tuple(sa.Column(name, sa.Text, nullable=False) for name in names)


def _index_where(table: str, name: str, columns: list[str], condition: str) -> None:
    op.create_index(f"ix_{table}_{name}", table, columns, postgresql_where=sa.text(condition))


def _record() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
    )
