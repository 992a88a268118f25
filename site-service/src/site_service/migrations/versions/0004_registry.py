"""What a registry of sites knows."""

revision: str = "0004_registry"
down_revision: str | None = "0003_appointments"
branch_labels: None = None
depends_on: None = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
