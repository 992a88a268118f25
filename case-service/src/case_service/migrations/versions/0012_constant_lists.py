"""What keeps each list's cost the same however many cases there are."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012_constant_lists"
down_revision: str | None = "0011_archive"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

HANDS = ("submitted_by", "received_by", "accepted_by", "reviewed_by", "decided_by")
FOUND_BY = ("name_index", "phone_index")
UNFINISHED = "closed_at IS NULL"
WORK = (
    ("department", ("department", "work_due_on", "id"), UNFINISHED),
    (
        "assigned_to",
        ("assigned_to", "work_due_on", "id"),
        f"{UNFINISHED} AND assigned_to IS NOT NULL",
    ),
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in HANDS:
        _create(f"ix_cases_{name}", (name, "id"), f"{name} IS NOT NULL", holding=("site_id",))
    _create("ix_cases_site_matter", ("site_id", "matter_code", "id"), None)
    for name in FOUND_BY:
        op.drop_index(f"ix_cases_{name}", "cases")
        columns = (name, "work_due_on", "id")
        found = ("site_id", "closed_at")
        _create(f"ix_cases_{name}", columns, f"{name} IS NOT NULL", holding=found)
    for name, columns, where in WORK:
        op.drop_index(f"ix_cases_work_{name}", "cases")
        _create(f"ix_cases_work_{name}", columns, where, holding=("site_id",))


def downgrade() -> None:
    for name, columns, where in WORK:
        op.drop_index(f"ix_cases_work_{name}", "cases")
        _create(f"ix_cases_work_{name}", columns, where)
    for name in FOUND_BY:
        op.drop_index(f"ix_cases_{name}", "cases")
        _create(f"ix_cases_{name}", (name,), f"{name} IS NOT NULL")
    op.drop_index("ix_cases_site_matter", "cases")
    for name in HANDS:
        op.drop_index(f"ix_cases_{name}", "cases")


def _create(
    name: str, columns: Sequence[str], where: str | None, *, holding: Sequence[str] = ()
) -> None:
    op.create_index(
        name,
        "cases",
        list(columns),
        postgresql_where=sa.text(where) if where else None,
        postgresql_include=list(holding) or None,
    )
