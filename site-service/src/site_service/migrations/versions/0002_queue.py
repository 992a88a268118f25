"""The queue's own facts."""

revision: str = "0002_queue"
down_revision: str | None = "0001_sites_and_queue"
branch_labels: None = None
depends_on: None = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
