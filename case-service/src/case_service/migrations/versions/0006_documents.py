"""documents"""

from collections.abc import Sequence

revision: str = "0006_documents"
down_revision: str | None = "0005_materials"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
