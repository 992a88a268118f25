"""Appointments: a visit across windows, each taking windows' quarter hours that nobody else has."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0003_appointments"
down_revision: str | None = "0002_queue"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "appointments",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("starts_at", INSTANT),
        sa.Column("ends_at", INSTANT),
        sa.Column("wanted_from", INSTANT, nullable=False),
        sa.Column("wanted_until", INSTANT, nullable=False),
        sa.Column("life_event", sa.Text),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("needs", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("birth_year", sa.Integer),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("booked_by", sa.Text, nullable=False),
        sa.Column("holder_name", sa.LargeBinary),
        sa.Column("phone", sa.LargeBinary),
        sa.Column("ticket_id", sa.Uuid),
        sa.Column("checked_in_at", INSTANT),
        sa.Column("next_due_at", INSTANT),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_appointments"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_appointments_site_id"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_appointments_ticket_id"),
        sa.CheckConstraint(
            "state NOT IN ('booked', 'checked_in') OR starts_at IS NOT NULL",
            name="ck_appointments_booked_has_a_time",
        ),
    )
    op.create_index("ix_appointments_booked_by", "appointments", ["booked_by", "day"])
    op.create_index(
        "ix_appointments_waiting",
        "appointments",
        ["site_id", "day", "id"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_appointments_next_due_at",
        "appointments",
        ["next_due_at"],
        postgresql_where=sa.text("next_due_at IS NOT NULL"),
    )
    op.create_table(
        "visits",
        sa.Column("appointment_id", sa.Uuid, nullable=False),
        sa.Column("nth", sa.Integer, nullable=False),
        sa.Column("matter_code", sa.Text, nullable=False),
        sa.Column("area", sa.Text, nullable=False),
        sa.Column("is_partner", sa.Boolean, nullable=False),
        sa.Column("quarters", sa.Integer, nullable=False),
        sa.Column("window_id", sa.Uuid),
        sa.Column("starts_at", INSTANT),
        sa.PrimaryKeyConstraint("appointment_id", "nth", name="pk_visits"),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name="fk_visits_appointment_id"
        ),
        sa.ForeignKeyConstraint(["window_id"], ["windows.id"], name="fk_visits_window_id"),
        sa.CheckConstraint("quarters BETWEEN 1 AND 16", name="ck_visits_quarters"),
    )
    # The primary key is what makes overbooking impossible.
    op.create_table(
        "booked_quarters",
        sa.Column("window_id", sa.Uuid, nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("appointment_id", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("window_id", "starts_at", name="pk_booked_quarters"),
        sa.ForeignKeyConstraint(["window_id"], ["windows.id"], name="fk_booked_quarters_window_id"),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name="fk_booked_quarters_appointment_id"
        ),
    )
    op.create_index("ix_booked_quarters_appointment_id", "booked_quarters", ["appointment_id"])
    op.create_table(
        "appointment_policies",
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("policy", JSONB, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("site_id", name="pk_appointment_policies"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_appointment_policies_site_id"),
    )


def downgrade() -> None:
    for table in ("appointment_policies", "booked_quarters", "visits", "appointments"):
        op.drop_table(table)
