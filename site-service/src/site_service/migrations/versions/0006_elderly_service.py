"""Rosters, helpers and home visits, the measures for the old, texts made to be heard."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0006_elderly_service"
down_revision: str | None = "0005_coverage"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "sites",
        sa.Column("continues_online", sa.Boolean, server_default=sa.true(), nullable=False),
    )
    _rosters()
    _measures()
    _accompaniments()
    _home_visits()
    op.create_table(
        "spoken_texts",
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("matter_code", sa.Text, nullable=False),
        sa.Column("zh", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("en", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("provenance", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "matter_code", name="pk_spoken_texts"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_spoken_texts_site_id"),
    )


def _record(*, is_sequenced: bool = False) -> list[sa.Column[object]]:
    """The columns of a row with an id and its times, and of one that tells events."""
    columns: list[sa.Column[object]] = [
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
    ]
    if is_sequenced:
        columns.append(sa.Column("sequence", sa.BigInteger, nullable=False))
    return columns


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}")


def _rosters() -> None:
    op.create_table(
        "staff_members",
        *_record(),
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("post", sa.String(32), nullable=False),
        sa.Column("is_active", sa.Boolean, server_default=sa.true(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_staff_members"),
        _to("staff_members", "site_id", "sites.id"),
        sa.UniqueConstraint("site_id", "subject", name="uq_staff_members_site_id_subject"),
    )
    op.create_table(
        "staff_shifts",
        *_record(),
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("window_id", sa.Uuid),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("hours", sa.Text, nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_until", sa.Date),
        sa.PrimaryKeyConstraint("id", name="pk_staff_shifts"),
        _to("staff_shifts", "site_id", "sites.id"),
        _to("staff_shifts", "member_id", "staff_members.id"),
        _to("staff_shifts", "window_id", "windows.id"),
    )
    op.create_index("ix_staff_shifts_site_id", "staff_shifts", ["site_id"])
    op.create_table(
        "staff_absences",
        *_record(is_sequenced=True),
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("begins_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("noted_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_staff_absences"),
        _to("staff_absences", "site_id", "sites.id"),
        _to("staff_absences", "member_id", "staff_members.id"),
        sa.CheckConstraint("begins_at < ends_at", name="ck_staff_absences_ends_after_it_begins"),
    )
    op.create_index("ix_staff_absences_site_id", "staff_absences", ["site_id"])


def _measures() -> None:
    op.create_table(
        "elderly_measures",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("nth", sa.Integer, nullable=False),
        sa.Column("aspect", sa.String(32), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("english_name", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("english_text", sa.Text, nullable=False),
        sa.Column("how_checked", sa.Text, nullable=False),
        sa.Column("evidence_kinds", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("valid_days", sa.Integer, nullable=False),
        sa.Column("weight", sa.Integer, nullable=False),
        sa.Column("applies_to", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("basis", sa.Text, nullable=False),
        sa.Column("provenance", sa.String(32), nullable=False),
        sa.Column("retired_on", sa.Date),
        sa.PrimaryKeyConstraint("code", name="pk_elderly_measures"),
        sa.CheckConstraint("weight > 0", name="ck_elderly_measures_weight"),
    )
    op.create_table(
        "elderly_checks",
        *_record(is_sequenced=True),
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("measure_code", sa.Text, nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("evidence", JSONB, nullable=False),
        sa.Column("checked_by", sa.Text, nullable=False),
        sa.Column("is_self_check", sa.Boolean, nullable=False),
        sa.Column("checked_at", INSTANT, nullable=False),
        sa.Column("valid_until", sa.Date, nullable=False),
        sa.Column("provenance", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_elderly_checks"),
        _to("elderly_checks", "site_id", "sites.id"),
        _to("elderly_checks", "measure_code", "elderly_measures.code"),
    )
    op.create_index(
        "ix_elderly_checks_newest",
        "elderly_checks",
        ["site_id", "measure_code", "checked_at", "id"],
    )
    op.create_table(
        "family_authority_items",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("nth", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("english_name", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("is_needed", sa.Boolean, nullable=False),
        sa.Column("areas", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("provenance", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_family_authority_items"),
    )
    op.create_table(
        "family_tellings",
        sa.Column("visit_id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("told_by", sa.Text, nullable=False),
        sa.Column("told_at", INSTANT, nullable=False),
        sa.Column("items", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("visit_id", name="pk_family_tellings"),
        _to("family_tellings", "site_id", "sites.id"),
    )


def _accompaniments() -> None:
    op.create_table(
        "accompaniments",
        *_record(is_sequenced=True),
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("first_ticket_id", sa.Uuid),
        sa.Column("appointment_id", sa.Uuid),
        sa.Column("of_subject", sa.Text, nullable=False),
        sa.Column("helper_id", sa.Uuid, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("begun_by", sa.Text, nullable=False),
        sa.Column("begun_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT),
        sa.Column("ended_at", INSTANT),
        sa.Column("note", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accompaniments"),
        _to("accompaniments", "site_id", "sites.id"),
        _to("accompaniments", "first_ticket_id", "tickets.id"),
        _to("accompaniments", "appointment_id", "appointments.id"),
        _to("accompaniments", "helper_id", "staff_members.id"),
        sa.CheckConstraint(
            "first_ticket_id IS NOT NULL OR appointment_id IS NOT NULL",
            name="ck_accompaniments_of_a_visit",
        ),
    )
    # Never two helpers on one visit, nor one on two.
    op.create_index(
        "uq_accompaniments_appointment",
        "accompaniments",
        ["appointment_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('planned', 'going')"),
    )
    op.create_index(
        "uq_accompaniments_helper",
        "accompaniments",
        ["helper_id"],
        unique=True,
        postgresql_where=sa.text("state = 'going'"),
    )
    op.create_index("ix_accompaniments_site_id", "accompaniments", ["site_id", "id"])
    op.create_index("ix_accompaniments_helper_day", "accompaniments", ["helper_id", "day"])
    op.create_index(
        "ix_accompaniments_under_way",
        "accompaniments",
        ["day"],
        postgresql_where=sa.text("state IN ('planned', 'going')"),
    )
    op.create_table(
        "accompanied_tickets",
        sa.Column("accompaniment_id", sa.Uuid, nullable=False),
        sa.Column("ticket_id", sa.Uuid, nullable=False),
        sa.Column("is_going", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("accompaniment_id", "ticket_id", name="pk_accompanied_tickets"),
        _to("accompanied_tickets", "accompaniment_id", "accompaniments.id"),
        _to("accompanied_tickets", "ticket_id", "tickets.id"),
    )
    op.create_index(
        "uq_accompanied_tickets_going",
        "accompanied_tickets",
        ["ticket_id"],
        unique=True,
        postgresql_where=sa.text("is_going"),
    )
    op.create_table(
        "accompaniment_steps",
        sa.Column("accompaniment_id", sa.Uuid, nullable=False),
        sa.Column("step", sa.String(32), nullable=False),
        sa.Column("helper_id", sa.Uuid, nullable=False),
        sa.Column("done_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("accompaniment_id", "step", name="pk_accompaniment_steps"),
        _to("accompaniment_steps", "accompaniment_id", "accompaniments.id"),
        _to("accompaniment_steps", "helper_id", "staff_members.id"),
    )
    op.create_table(
        "accompaniment_handovers",
        *_record(),
        sa.Column("accompaniment_id", sa.Uuid, nullable=False),
        sa.Column("from_id", sa.Uuid, nullable=False),
        sa.Column("to_id", sa.Uuid, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("handed_by", sa.Text, nullable=False),
        sa.Column("handed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accompaniment_handovers"),
        _to("accompaniment_handovers", "accompaniment_id", "accompaniments.id"),
        _to("accompaniment_handovers", "from_id", "staff_members.id"),
        _to("accompaniment_handovers", "to_id", "staff_members.id"),
    )
    op.create_index(
        "ix_accompaniment_handovers_accompaniment_id",
        "accompaniment_handovers",
        ["accompaniment_id"],
    )


def _home_visits() -> None:
    op.create_table(
        "home_visits",
        *_record(is_sequenced=True),
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("matter_codes", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("needs", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("wanted_from", sa.Date, nullable=False),
        sa.Column("wanted_until", sa.Date, nullable=False),
        sa.Column("name", sa.LargeBinary, nullable=False),
        sa.Column("phone", sa.LargeBinary, nullable=False),
        sa.Column("address", sa.LargeBinary, nullable=False),
        sa.Column("requested_by", sa.Text, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("helper_id", sa.Uuid),
        sa.Column("starts_at", INSTANT),
        sa.Column("minutes", sa.Integer),
        sa.Column("steps", JSONB, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("done_at", INSTANT),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_home_visits"),
        _to("home_visits", "site_id", "sites.id"),
        _to("home_visits", "helper_id", "staff_members.id"),
        sa.CheckConstraint(
            "state NOT IN ('scheduled', 'done')"
            " OR (helper_id IS NOT NULL AND starts_at IS NOT NULL AND minutes IS NOT NULL)",
            name="ck_home_visits_scheduled_has_a_time",
        ),
    )
    op.create_index("ix_home_visits_site_id", "home_visits", ["site_id", "id"])
    op.create_index(
        "ix_home_visits_helper",
        "home_visits",
        ["helper_id", "starts_at"],
        postgresql_where=sa.text("state = 'scheduled'"),
    )


def downgrade() -> None:
    for table in (
        "home_visits",
        "accompaniment_handovers",
        "accompaniment_steps",
        "accompanied_tickets",
        "accompaniments",
        "family_tellings",
        "family_authority_items",
        "elderly_checks",
        "elderly_measures",
        "staff_absences",
        "staff_shifts",
        "staff_members",
        "spoken_texts",
    ):
        op.drop_table(table)
    op.drop_column("sites", "continues_online")
