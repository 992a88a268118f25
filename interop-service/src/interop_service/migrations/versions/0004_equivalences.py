"""The register of what counts as equal, with its history."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004_equivalences"
down_revision: str | None = "0003_evidence"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)
KIND = sa.String(32)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "equivalences",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("partner", sa.Text, nullable=False),
        sa.Column("agreement", sa.Text, nullable=False),
        sa.Column("kind", KIND, nullable=False),
        sa.Column("our_type", sa.Text, nullable=False),
        sa.Column("their_type", sa.Text, nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_until", sa.Date),
        sa.Column("basis", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_equivalences"),
        sa.UniqueConstraint(
            "agreement",
            "kind",
            "our_type",
            "their_type",
            name="uq_equivalences_agreement_kind_our_type_their_type",
        ),
    )
    op.create_index("ix_equivalences_partner", "equivalences", ["partner"])
    op.create_table(
        "equivalence_versions",
        sa.Column("equivalence_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_until", sa.Date),
        sa.Column("basis", sa.Text, nullable=False),
        sa.Column("kept_at", INSTANT, nullable=False),
        sa.Column("kept_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("equivalence_id", "version", name="pk_equivalence_versions"),
        sa.ForeignKeyConstraint(
            ["equivalence_id"],
            ["equivalences.id"],
            name="fk_equivalence_versions_equivalence_id_equivalences",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    op.drop_table("equivalence_versions")
    op.drop_table("equivalences")
