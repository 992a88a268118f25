"""clock"""

from collections.abc import Sequence

revision: str = "0004_clock"
down_revision: str | None = "0003_machine"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
