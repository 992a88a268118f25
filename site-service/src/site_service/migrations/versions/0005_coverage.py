"""Where people live: the cells that coverage is reckoned over."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005_coverage"
down_revision: str | None = "0004_registry"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "population_cells",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("latitude", sa.Float, nullable=False),
        sa.Column("longitude", sa.Float, nullable=False),
        sa.Column("street_code", sa.Text, nullable=False),
        sa.Column("street", sa.Text, nullable=False),
        sa.Column("children", sa.Integer, nullable=False),
        sa.Column("adults", sa.Integer, nullable=False),
        sa.Column("elderly", sa.Integer, nullable=False),
        sa.Column("provenance", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_population_cells"),
    )
    op.create_table(
        "population_imports",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("cells", sa.Integer, nullable=False),
        sa.Column(
            "imported_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name="pk_population_imports"),
        sa.CheckConstraint("id = 1", name="ck_population_imports_one"),
    )


def downgrade() -> None:
    op.drop_table("population_imports")
    op.drop_table("population_cells")
