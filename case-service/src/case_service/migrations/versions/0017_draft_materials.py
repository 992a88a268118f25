"""Files that are kept with a draft."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017_draft_materials"
down_revision: str | None = "0016_modes"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "draft_materials",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("draft_id", sa.Uuid, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("key", "name")),
        sa.Column("file_name", sa.Text),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("content_id", sa.Uuid, nullable=False),
        sa.Column("uploaded_by", sa.Text, nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_draft_materials"),
        sa.ForeignKeyConstraint(
            ["draft_id"],
            ["drafts.id"],
            name="fk_draft_materials_draft_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["content_id"], ["contents.id"], name="fk_draft_materials_content_id"
        ),
    )
    op.create_index("ix_draft_materials_draft_id", "draft_materials", ["draft_id"])
    op.create_index("ix_draft_materials_content_id", "draft_materials", ["content_id"])


def downgrade() -> None:
    op.drop_table("draft_materials")
