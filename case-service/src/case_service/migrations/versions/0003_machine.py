"""machine"""

from collections.abc import Sequence

revision: str = "0003_machine"
down_revision: str | None = "0002_documents_licences_ratings"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
