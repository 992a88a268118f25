"""fees"""

from collections.abc import Sequence

revision: str = "0009_fees"
down_revision: str | None = "0008_people"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
