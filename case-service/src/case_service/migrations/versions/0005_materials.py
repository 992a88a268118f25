"""Contents kept once, uploads in pieces, and licences that stand for materials."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0005_materials"
down_revision: str | None = "0004_clock"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _contents()
    _materials()
    _uploads()
    op.execute(
        "ALTER TABLE materials ALTER CONSTRAINT fk_materials_case_id DEFERRABLE INITIALLY DEFERRED"
    )
    op.add_column(
        "cases",
        sa.Column(
            "proofs", postgresql.JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")
        ),
    )
    op.add_column("licences", sa.Column("holder_index", sa.LargeBinary))
    # Who was issued a licence was the applicant of its case.
    op.execute(
        "UPDATE licences SET holder_index = cases.identity_index FROM cases"
        " WHERE cases.id = licences.case_id"
    )
    op.create_index("ix_licences_holder_index", "licences", ["holder_index", "licence_type"])


def _contents() -> None:
    op.create_table(
        "contents",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("digest_index", sa.LargeBinary, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("object_key", sa.Text, nullable=False),
        sa.Column("sealed_key", sa.LargeBinary, nullable=False),
        sa.Column("scan_state", sa.String(32), nullable=False),
        sa.Column("scan_engine", sa.Text),
        sa.Column("scan_signature", sa.Text),
        sa.Column("scanned_at", INSTANT),
        sa.Column("used_at", INSTANT, nullable=False),
        sa.Column("condemned_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_contents"),
    )
    is_kept = sa.text("condemned_at IS NULL")
    op.create_index(
        "uq_contents_digest_index",
        "contents",
        ["digest_index"],
        unique=True,
        postgresql_where=is_kept,
    )
    op.create_index("ix_contents_used_at", "contents", ["used_at"], postgresql_where=is_kept)
    op.create_index(
        "ix_contents_condemned_at",
        "contents",
        ["condemned_at"],
        postgresql_where=sa.text("condemned_at IS NOT NULL"),
    )
    op.create_index(
        "ix_contents_unscanned",
        "contents",
        ["scanned_at"],
        postgresql_where=sa.text("scan_state IN ('not_scanned', 'failed')"),
    )
    op.create_index("ix_contents_object_key", "contents", ["object_key"])


def _materials() -> None:
    op.alter_column("materials", "size", type_=sa.BigInteger)
    op.alter_column("materials", "object_key", nullable=True)
    op.add_column("materials", sa.Column("content_id", sa.Uuid))
    op.add_column(
        "materials",
        sa.Column("origin", sa.String(32), nullable=False, server_default="upload"),
    )
    op.add_column("materials", sa.Column("reused_from", sa.Uuid))
    op.add_column("materials", sa.Column("consent_id", sa.Uuid))
    op.create_foreign_key(
        "fk_materials_content_id", "materials", "contents", ["content_id"], ["id"]
    )
    op.create_check_constraint(
        op.f("ck_materials_bytes"), "materials", "num_nonnulls(content_id, object_key) = 1"
    )
    op.create_index("ix_materials_content_id", "materials", ["content_id"])


def _uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("case_id", sa.Uuid, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("file_name", sa.Text),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.Text),
        sa.Column("received", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("material_id", sa.Uuid),
        sa.Column("next_due_at", INSTANT),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name="fk_uploads_case_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_uploads_case_id", "uploads", ["case_id"])
    op.create_index(
        "ix_uploads_open",
        "uploads",
        ["created_by"],
        postgresql_where=sa.text("material_id IS NULL"),
    )
    op.create_index(
        "ix_uploads_next_due_at",
        "uploads",
        ["next_due_at"],
        postgresql_where=sa.text("next_due_at IS NOT NULL"),
    )
    op.create_table(
        "upload_parts",
        sa.Column("upload_id", sa.Uuid, nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("object_key", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("upload_id", "start", name="pk_upload_parts"),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["uploads.id"], name="fk_upload_parts_upload_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_upload_parts_object_key", "upload_parts", ["object_key"])


def downgrade() -> None:
    op.execute("ALTER TABLE materials ALTER CONSTRAINT fk_materials_case_id NOT DEFERRABLE")
    op.drop_index("ix_licences_holder_index", "licences")
    op.drop_column("licences", "holder_index")
    op.drop_column("cases", "proofs")
    op.drop_table("upload_parts")
    op.drop_table("uploads")
    # A file whose bytes are a content can't be read by the release before this one.
    op.execute("DELETE FROM materials WHERE content_id IS NOT NULL")
    op.drop_index("ix_materials_content_id", "materials")
    op.drop_constraint(op.f("ck_materials_bytes"), "materials", type_="check")
    op.drop_constraint("fk_materials_content_id", "materials", type_="foreignkey")
    for column in ("consent_id", "reused_from", "origin", "content_id"):
        op.drop_column("materials", column)
    op.alter_column("materials", "object_key", nullable=False)
    op.alter_column("materials", "size", type_=sa.Integer)
    op.drop_table("contents")
