"""worklists"""

from collections.abc import Sequence

revision: str = "0010_worklists"
down_revision: str | None = "0009_fees"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
