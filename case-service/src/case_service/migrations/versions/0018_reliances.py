"""Cases that rest on partners' documents; how licences stand is told as reference events.

`python -m case_service republish` tells the standing of the licences that were issued before.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0018_reliances"
down_revision: str | None = "0017_draft_materials"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)
KIND = sa.String(32)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "licences", sa.Column("sequence", sa.BigInteger, server_default="0", nullable=False)
    )
    op.create_table(
        "partner_proofs",
        sa.Column("proof_id", sa.Uuid, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("issuer_district", sa.Text, nullable=False),
        sa.Column("document_number", sa.Text, nullable=False),
        sa.Column("counts_as", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("state", KIND, nullable=False),
        sa.Column("usable_until", INSTANT, nullable=False),
        sa.Column("valid_until", sa.Date),
        sa.PrimaryKeyConstraint("proof_id", name="pk_partner_proofs"),
    )
    op.create_table(
        "reliances",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("case_id", sa.Uuid, nullable=False),
        sa.Column("case_number", sa.Text, nullable=False),
        sa.Column("material_key", sa.Text, nullable=False),
        sa.Column("material_name", sa.Text, nullable=False),
        sa.Column("proof_id", sa.Uuid, nullable=False),
        sa.Column("issuer_district", sa.Text, nullable=False),
        sa.Column("document_number", sa.Text, nullable=False),
        sa.Column("counts_as", sa.Text, nullable=False),
        sa.Column("relied_by", sa.Text, nullable=False),
        sa.Column("relied_at", INSTANT, nullable=False),
        sa.Column("state", KIND, nullable=False),
        sa.Column("change", sa.Text),
        sa.Column("effective_from", sa.Date),
        sa.Column("changed_at", INSTANT),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reliances"),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
            name="fk_reliances_case_id_cases",
            deferrable=True,
            initially="DEFERRED",
        ),
    )
    op.create_index("ix_reliances_case_id", "reliances", ["case_id"])
    op.create_index("ix_reliances_state", "reliances", ["state", "id"])


def downgrade() -> None:
    op.drop_table("reliances")
    op.drop_table("partner_proofs")
    op.drop_column("licences", "sequence")
