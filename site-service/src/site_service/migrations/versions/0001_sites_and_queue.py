"""Sites with their windows, kiosks and matters; the queue."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0001_sites_and_queue"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = ("site",)
depends_on: str | Sequence[str] | None = "0001_kernel"

INSTANT = sa.DateTime(timezone=True)
TEXTS = sa.ARRAY(sa.Text)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_sites()
    _create_known_matters()
    _create_queue()


def _create_sites() -> None:
    op.create_table(
        "sites",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("english_name", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("street_code", sa.Text, nullable=False),
        sa.Column("street", sa.Text, nullable=False),
        sa.Column("latitude", sa.Float, nullable=False),
        sa.Column("longitude", sa.Float, nullable=False),
        sa.Column("phone", sa.Text),
        sa.Column("opening_hours", sa.Text, nullable=False),
        sa.Column("facilities", TEXTS, nullable=False),
        sa.Column("green_channel", sa.Boolean, nullable=False),
        sa.Column("provenance", sa.String(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("closed_reason", sa.Text),
        sa.Column("content_digest", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sites"),
    )
    op.create_index("ix_sites_kind", "sites", ["kind"])
    op.create_table(
        "windows",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("areas", TEXTS, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_windows"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_windows_site_id"),
        sa.UniqueConstraint("site_id", "number", name="uq_windows_site_id_number"),
    )
    op.create_table(
        "kiosks",
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("functions", TEXTS, nullable=False),
        sa.PrimaryKeyConstraint("site_id", "code", name="pk_kiosks"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_kiosks_site_id"),
    )
    op.create_table(
        "site_matters",
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("matter_code", sa.Text, nullable=False),
        sa.Column("is_partner", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("site_id", "matter_code", name="pk_site_matters"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_site_matters_site_id"),
    )
    op.create_index("ix_site_matters_matter_code", "site_matters", ["matter_code"])


def _create_known_matters() -> None:
    op.create_table(
        "known_matter_versions",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("area", sa.Text, nullable=False),
        sa.Column("handling", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("code", "version", name="pk_known_matter_versions"),
    )
    op.create_table(
        "partner_matters",
        sa.Column("owner_district", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("agreement", sa.Text, nullable=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("area", sa.Text, nullable=False),
        sa.Column("handling", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("owner_district", "code", name="pk_partner_matters"),
    )
    op.create_index("ix_partner_matters_code", "partner_matters", ["code"])


def _create_queue() -> None:
    op.create_table(
        "tickets",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("matter_code", sa.Text, nullable=False),
        sa.Column("area", sa.Text, nullable=False),
        sa.Column("is_partner", sa.Boolean, nullable=False),
        sa.Column("is_green", sa.Boolean, nullable=False),
        sa.Column("needs", TEXTS, nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("taken_by", sa.Text, nullable=False),
        sa.Column("holder_name", sa.LargeBinary),
        sa.Column("identity_number", sa.LargeBinary),
        sa.Column("window_id", sa.Uuid),
        sa.Column("case_id", sa.Uuid),
        sa.Column("issued_at", INSTANT, nullable=False),
        sa.Column("called_at", INSTANT),
        sa.Column("serving_at", INSTANT),
        sa.Column("done_at", INSTANT),
        sa.Column("missed_at", INSTANT),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tickets"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_tickets_site_id"),
        sa.ForeignKeyConstraint(["window_id"], ["windows.id"], name="fk_tickets_window_id"),
        sa.UniqueConstraint("site_id", "day", "number", name="uq_tickets_site_id_day_number"),
    )
    op.create_index(
        "ix_tickets_waiting",
        "tickets",
        ["site_id", "day", "issued_at"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "uq_tickets_at_window",
        "tickets",
        ["window_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('called', 'serving')"),
    )
    op.create_index("ix_tickets_window_id_called_at", "tickets", ["window_id", "called_at"])
    op.create_table(
        "ticket_counters",
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("is_green", sa.Boolean, nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("site_id", "day", "is_green", name="pk_ticket_counters"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_ticket_counters_site_id"),
    )


def downgrade() -> None:
    for table in (
        "ticket_counters",
        "tickets",
        "partner_matters",
        "known_matter_versions",
        "site_matters",
        "kiosks",
        "windows",
        "sites",
    ):
        op.drop_table(table)
