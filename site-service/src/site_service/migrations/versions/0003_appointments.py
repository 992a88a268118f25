"""Appointments."""

revision: str = "0003_appointments"
down_revision: str | None = "0002_queue"
branch_labels: None = None
depends_on: None = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
