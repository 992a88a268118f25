"""people"""

from collections.abc import Sequence

revision: str = "0008_people"
down_revision: str | None = "0007_licences"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
