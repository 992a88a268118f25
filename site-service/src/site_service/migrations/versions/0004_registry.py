"""What a registry knows of a site: places by an index, special days, depth, kiosks' health."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0004_registry"
down_revision: str | None = "0003_appointments"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)
TEXTS = sa.ARRAY(sa.Text)
ADDED = (
    "contacts",
    "photos",
    "extended_hours",
    "appointment_hours",
    "parking",
    "transit",
    "accepts_cash",
    "accepts_paper",
    "closed_until",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("CREATE EXTENSION IF NOT EXISTS cube")
    yes, none, nothing = sa.text("true"), sa.text("'[]'::jsonb"), sa.text("'{}'")
    op.add_column("sites", sa.Column("contacts", JSONB, nullable=False, server_default=none))
    op.add_column("sites", sa.Column("photos", TEXTS, nullable=False, server_default=nothing))
    op.add_column("sites", sa.Column("extended_hours", sa.Text))
    op.add_column("sites", sa.Column("appointment_hours", sa.Text))
    op.add_column("sites", sa.Column("parking", JSONB))
    op.add_column("sites", sa.Column("transit", JSONB, nullable=False, server_default=none))
    op.add_column(
        "sites", sa.Column("accepts_cash", sa.Boolean, nullable=False, server_default=yes)
    )
    op.add_column(
        "sites", sa.Column("accepts_paper", sa.Boolean, nullable=False, server_default=yes)
    )
    op.add_column("sites", sa.Column("closed_until", INSTANT))
    # The point on the unit sphere: its chords order as the distances do, and GiST walks them.
    op.execute(
        "ALTER TABLE sites ADD COLUMN place cube GENERATED ALWAYS AS (cube(ARRAY["
        "cos(radians(latitude)) * cos(radians(longitude)),"
        " cos(radians(latitude)) * sin(radians(longitude)),"
        " sin(radians(latitude))])) STORED"
    )
    op.create_index("ix_sites_place", "sites", ["place"], postgresql_using="gist")
    op.create_index(
        "ix_sites_closed_until",
        "sites",
        ["closed_until"],
        postgresql_where=sa.text("closed_until IS NOT NULL"),
    )
    op.create_table(
        "special_days",
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("hours", sa.Text, nullable=False),
        sa.Column("note", sa.Text),
        sa.PrimaryKeyConstraint("site_id", "day", name="pk_special_days"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_special_days_site_id"),
    )
    op.create_index("ix_special_days_day", "special_days", ["day"])
    op.add_column(
        "site_matters",
        sa.Column("depth", TEXTS, nullable=False, server_default=sa.text("'{receive}'")),
    )
    op.add_column("kiosks", sa.Column("matters", TEXTS, nullable=False, server_default=nothing))
    op.add_column("kiosks", sa.Column("faults", TEXTS, nullable=False, server_default=nothing))
    op.add_column("kiosks", sa.Column("last_seen_at", INSTANT))
    op.create_index("ix_kiosks_last_seen_at", "kiosks", ["last_seen_at"])
    op.create_table(
        "boundaries",
        sa.Column("district", sa.Text, nullable=False),
        sa.Column("geometry", JSONB, nullable=False),
        sa.Column("provenance", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("district", name="pk_boundaries"),
    )


def downgrade() -> None:
    op.drop_table("boundaries")
    op.drop_index("ix_kiosks_last_seen_at", "kiosks")
    for name in ("matters", "faults", "last_seen_at"):
        op.drop_column("kiosks", name)
    op.drop_column("site_matters", "depth")
    op.drop_table("special_days")
    op.drop_index("ix_sites_closed_until", "sites")
    op.drop_index("ix_sites_place", "sites")
    op.drop_column("sites", "place")
    for name in ADDED:
        op.drop_column("sites", name)
