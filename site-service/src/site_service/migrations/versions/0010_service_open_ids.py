"""By which the open data finds a matter: one row of an index, not all of them hashed."""

from collections.abc import Sequence

from alembic import op

revision: str = "0010_service_open_ids"
down_revision: str | None = "0009_open_ids"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

DIGEST = "substring(sha256(decode('service' || chr(31) || code, 'escape')) from 1 for 16)"
TABLES = ("known_matter_versions", "partner_matters")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in TABLES:
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN open_id uuid GENERATED ALWAYS AS ("
            f"encode(set_byte(set_byte({DIGEST}, 6, get_byte({DIGEST}, 6) & 15 | 128),"
            f" 8, get_byte({DIGEST}, 8) & 63 | 128), 'hex')::uuid) STORED"
        )
        op.create_index(f"ix_{table}_open_id", table, ["open_id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in reversed(TABLES):
        op.drop_index(f"ix_{table}_open_id", table_name=table)
        op.drop_column(table, "open_id")
