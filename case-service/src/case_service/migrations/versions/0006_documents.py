"""More kinds of documents, seals with their keepers, and deliveries."""

from collections.abc import Sequence

from alembic import op

revision: str = "0006_documents"
down_revision: str | None = "0005_materials"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NUMBERED = ("special_procedure", "extension", "termination", "proof_of_service")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for kind in NUMBERED:
        op.execute(f"CREATE SEQUENCE document_numbers_{kind}")


def downgrade() -> None:
    for kind in NUMBERED:
        op.execute(f"DROP SEQUENCE document_numbers_{kind}")
