"""Cases without a site have indexes of their own: a null gives the index on the site no order."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0019_siteless_indexes"
down_revision: str | None = "0018_reliances"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UNFINISHED = "closed_at IS NULL AND "
INDEXES = (
    ("ix_cases_no_site", ["id"], ""),
    ("ix_cases_no_site_open", ["id"], UNFINISHED),
    ("ix_cases_no_site_matter", ["matter_code", "id"], ""),
    (
        "ix_cases_work_no_site_stage",
        ["stage", "work_due_on", "id"],
        UNFINISHED + "assigned_to IS NULL AND ",
    ),
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name, columns, where in INDEXES:
        condition = sa.text(f"{where}site_id IS NULL")
        op.create_index(name, "cases", columns, postgresql_where=condition)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name, *_ in reversed(INDEXES):
        op.drop_index(name, "cases")
