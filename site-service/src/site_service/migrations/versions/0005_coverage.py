"""Population and roads."""

revision: str = "0005_coverage"
down_revision: str | None = "0004_registry"
branch_labels: None = None
depends_on: None = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
