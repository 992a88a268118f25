"""materials"""

from collections.abc import Sequence

revision: str = "0005_materials"
down_revision: str | None = "0004_clock"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
