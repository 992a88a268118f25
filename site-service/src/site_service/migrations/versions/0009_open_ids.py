"""By which the open data finds a matter at a site: one row, not all of them hashed."""

from collections.abc import Sequence

from alembic import op

revision: str = "0009_open_ids"
down_revision: str | None = "0008_stale_days"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

DIGEST = (
    "substring(sha256(decode('service_at_location' || chr(31) || matter_code"
    " || chr(31) || site_id, 'escape')) from 1 for 16)"
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        "ALTER TABLE site_matters ADD COLUMN open_id uuid GENERATED ALWAYS AS ("
        f"encode(set_byte(set_byte({DIGEST}, 6, get_byte({DIGEST}, 6) & 15 | 128),"
        f" 8, get_byte({DIGEST}, 8) & 63 | 128), 'hex')::uuid) STORED"
    )
    op.create_index("ix_site_matters_open_id", "site_matters", ["open_id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_site_matters_open_id", table_name="site_matters")
    op.drop_column("site_matters", "open_id")
