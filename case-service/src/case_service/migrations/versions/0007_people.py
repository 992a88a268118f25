"""Notices, consents, authorities, follow-ups of ratings, enquiries, and what was erased."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0007_people"
down_revision: str | None = "0006_documents"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _widen_cases()
    _make_authorities()
    _make_consents()
    _make_enquiries()
    _make_notices()
    _make_ratings()
    _make_people()


def downgrade() -> None:
    for table in (
        "person_requests",
        "preferences",
        "contacts",
        "rating_tallies",
        "rating_appeals",
        "rating_follow_ups",
        "notices",
        "enquiries",
        "consents",
        "authorities",
    ):
        op.drop_table(table)
    op.execute("DELETE FROM ratings WHERE case_id IS NULL")
    op.drop_constraint("ck_ratings_one_thing", "ratings")
    op.drop_constraint("uq_ratings_ticket_id", "ratings")
    for column in ("sequence", "is_excluded", "window_id", "ticket_id"):
        op.drop_column("ratings", column)
    op.alter_column("ratings", "case_id", nullable=False)
    op.alter_column("ratings", "matter_code", nullable=False)
    for column in ("actions", "evidence"):
        op.drop_column("assistance", column)
    for column in ("green_channel", "is_elderly", "agents"):
        op.drop_column("cases", column)


def _widen_cases() -> None:
    # With defaults of the database: the release before this one goes on writing cases.
    nothing, no = sa.text("'[]'"), sa.false()
    for table, column in (
        ("cases", sa.Column("agents", postgresql.JSONB(), nullable=False, server_default=nothing)),
        ("cases", sa.Column("is_elderly", sa.Boolean, nullable=False, server_default=no)),
        ("cases", sa.Column("green_channel", sa.Boolean, nullable=False, server_default=no)),
        ("assistance", sa.Column("evidence", sa.Text)),
        (
            "assistance",
            sa.Column("actions", postgresql.JSONB(), nullable=False, server_default=nothing),
        ),
    ):
        op.add_column(table, column)


def _make_authorities() -> None:
    op.create_table(
        "authorities",
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("principal_subject", sa.Text),
        sa.Column("principal_index", sa.LargeBinary),
        sa.Column("agent_subject", sa.Text, nullable=False),
        sa.Column("sealed_agent", sa.LargeBinary, nullable=False),
        sa.Column("matters", postgresql.JSONB(), nullable=False),
        sa.Column("actions", postgresql.JSONB(), nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("until", sa.Date, nullable=False),
        sa.Column("way", sa.String(32), nullable=False),
        sa.Column("evidence", sa.Text),
        sa.Column("given_at", INSTANT, nullable=False),
        sa.Column("recorded_by", sa.Text, nullable=False),
        sa.Column("revoked_at", INSTANT),
        sa.Column("revoked_by", sa.Text),
        *_record(),
        sa.PrimaryKeyConstraint("id", name="pk_authorities"),
        sa.CheckConstraint(
            "num_nonnulls(principal_subject, principal_index) > 0",
            name=op.f("ck_authorities_principal"),
        ),
    )
    op.create_index("ix_authorities_agent_subject", "authorities", ["agent_subject", "id"])
    op.create_index("ix_authorities_principal_subject", "authorities", ["principal_subject", "id"])


def _make_enquiries() -> None:
    op.create_table(
        "enquiries",
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("case_id", sa.Uuid),
        sa.Column("site_id", sa.Text),
        sa.Column("matter_code", sa.Text),
        sa.Column("subject", sa.Text),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("sealed_asked", sa.LargeBinary, nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("is_provisional", sa.Boolean, nullable=False),
        sa.Column("escalated_at", INSTANT),
        sa.Column("sealed_answer", sa.LargeBinary),
        sa.Column("answered_at", INSTANT),
        sa.Column("answered_by", sa.Text),
        sa.Column("is_common", sa.Boolean, nullable=False),
        sa.Column("common_question", sa.Text),
        sa.Column("common_answer", sa.Text),
        sa.Column("published_at", INSTANT),
        sa.Column("published_by", sa.Text),
        sa.Column("is_erased", sa.Boolean, nullable=False),
        sa.Column("next_due_at", INSTANT),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        *_record(),
        sa.PrimaryKeyConstraint("id", name="pk_enquiries"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_enquiries_case_id"),
    )
    op.create_index("ix_enquiries_subject", "enquiries", ["subject", "id"])
    op.create_index("ix_enquiries_site_id", "enquiries", ["site_id", "id"])
    _index_where("enquiries", "next_due_at", ["next_due_at"], "next_due_at IS NOT NULL")
    _index_where("enquiries", "case_id", ["case_id"], "case_id IS NOT NULL")
    _index_where("enquiries", "open", ["due_on", "id"], "state = 'open'")
    _index_where("enquiries", "faq", ["matter_code", "id"], "published_at IS NOT NULL")


def _make_notices() -> None:
    op.create_table(
        "notices",
        sa.Column("case_id", sa.Uuid),
        sa.Column("enquiry_id", sa.Uuid),
        sa.Column("subject", sa.Text),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("told_at", INSTANT, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("language", sa.String(32)),
        sa.Column("messenger", sa.Text),
        sa.Column("receipt", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("sent_at", INSTANT),
        sa.Column("last_fault", sa.Text),
        sa.Column("next_due_at", INSTANT),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        *_record(),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.CheckConstraint(
            "num_nonnulls(case_id, enquiry_id) = 1", name=op.f("ck_notices_one_thing")
        ),
        sa.ForeignKeyConstraint(["enquiry_id"], ["enquiries.id"], name="fk_notices_enquiry_id"),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
            name="fk_notices_case_id",
            deferrable=True,
            initially="DEFERRED",
        ),
    )
    op.create_index("ix_notices_case_id", "notices", ["case_id", "id"])
    op.create_index("ix_notices_subject", "notices", ["subject", "id"])
    _index_where("notices", "next_due_at", ["next_due_at"], "next_due_at IS NOT NULL")
    _index_where("notices", "enquiry_id", ["enquiry_id"], "enquiry_id IS NOT NULL")
    _index_where("notices", "dead", ["id"], "state = 'dead'")


def _make_consents() -> None:
    op.create_table(
        "consents",
        sa.Column("subject", sa.Text),
        sa.Column("identity_index", sa.LargeBinary),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("scope", postgresql.JSONB(), nullable=False),
        sa.Column("way", sa.String(32), nullable=False),
        sa.Column("evidence", sa.Text),
        sa.Column("given_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT),
        sa.Column("is_revocable", sa.Boolean, nullable=False),
        sa.Column("revoked_at", INSTANT),
        sa.Column("revoked_by", sa.Text),
        sa.Column("recorded_by", sa.Text, nullable=False),
        *_record(),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
        sa.CheckConstraint(
            "num_nonnulls(subject, identity_index) > 0", name=op.f("ck_consents_somebody")
        ),
    )
    op.create_index("ix_consents_subject", "consents", ["subject", "purpose"])
    op.create_index("ix_consents_identity_index", "consents", ["identity_index", "purpose"])


def _make_ratings() -> None:
    op.alter_column("ratings", "case_id", nullable=True)
    op.alter_column("ratings", "matter_code", nullable=True)
    zero, no = sa.text("0"), sa.false()
    op.add_column("ratings", sa.Column("ticket_id", sa.Uuid))
    op.add_column("ratings", sa.Column("window_id", sa.Uuid))
    op.add_column(
        "ratings", sa.Column("is_excluded", sa.Boolean, nullable=False, server_default=no)
    )
    op.add_column(
        "ratings", sa.Column("sequence", sa.BigInteger, nullable=False, server_default=zero)
    )
    op.create_unique_constraint("uq_ratings_ticket_id", "ratings", ["ticket_id"])
    op.create_check_constraint(
        op.f("ck_ratings_one_thing"), "ratings", "num_nonnulls(case_id, ticket_id) = 1"
    )
    _make_follow_ups()
    _make_appeals()
    _make_tallies()
    op.create_table(
        "contacts",
        sa.Column("ticket_id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("window_id", sa.Uuid),
        sa.Column("case_id", sa.Uuid),
        sa.Column("served_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name="pk_contacts"),
    )


def _make_follow_ups() -> None:
    op.create_table(
        "rating_follow_ups",
        sa.Column("rating_id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Text),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("due_on", sa.Date),
        sa.Column("is_provisional", sa.Boolean, nullable=False),
        sa.Column("overdue_since", sa.Date),
        sa.Column("verified_at", INSTANT),
        sa.Column("verified_by", sa.Text),
        sa.Column("is_confirmed", sa.Boolean),
        sa.Column("sealed_finding", sa.LargeBinary),
        sa.Column("corrected_at", INSTANT),
        sa.Column("corrected_by", sa.Text),
        sa.Column("sealed_correction", sa.LargeBinary),
        sa.Column("answered_at", INSTANT),
        sa.Column("answered_by", sa.Text),
        sa.Column("sealed_answer", sa.LargeBinary),
        sa.Column("second_score", sa.Integer),
        sa.Column("rated_again_at", INSTANT),
        sa.Column("next_due_at", INSTANT),
        *_record(),
        sa.PrimaryKeyConstraint("id", name="pk_rating_follow_ups"),
        sa.UniqueConstraint("rating_id", name="uq_rating_follow_ups_rating_id"),
        sa.ForeignKeyConstraint(
            ["rating_id"], ["ratings.id"], name="fk_rating_follow_ups_rating_id"
        ),
    )
    op.create_index("ix_rating_follow_ups_site_id", "rating_follow_ups", ["site_id", "id"])
    _index_where("rating_follow_ups", "next_due_at", ["next_due_at"], "next_due_at IS NOT NULL")
    _index_where("rating_follow_ups", "open", ["due_on", "id"], "due_on IS NOT NULL")
    # Bad ratings from before are owed their call back too; the worker finds those overdue.
    op.execute(
        """
        INSERT INTO rating_follow_ups
            (id, rating_id, site_id, state, due_on, is_provisional, next_due_at)
        SELECT gen_random_uuid(), id, site_id, 'calling_back', call_back_due_on,
               is_call_back_provisional,
               (call_back_due_on + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'
          FROM ratings WHERE call_back_due_on IS NOT NULL
        """
    )


def _make_appeals() -> None:
    op.create_table(
        "rating_appeals",
        sa.Column("rating_id", sa.Uuid, nullable=False),
        sa.Column("appealed_by", sa.Text, nullable=False),
        sa.Column("appealed_at", INSTANT, nullable=False),
        sa.Column("sealed_grounds", sa.LargeBinary, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("is_provisional", sa.Boolean, nullable=False),
        sa.Column("is_upheld", sa.Boolean),
        sa.Column("decided_at", INSTANT),
        sa.Column("decided_by", sa.Text),
        sa.Column("sealed_reason", sa.LargeBinary),
        sa.Column("next_due_at", INSTANT),
        *_record(),
        sa.PrimaryKeyConstraint("id", name="pk_rating_appeals"),
        sa.UniqueConstraint("rating_id", name="uq_rating_appeals_rating_id"),
        sa.ForeignKeyConstraint(["rating_id"], ["ratings.id"], name="fk_rating_appeals_rating_id"),
    )
    _index_where("rating_appeals", "next_due_at", ["next_due_at"], "next_due_at IS NOT NULL")


def _make_tallies() -> None:
    op.create_table(
        "rating_tallies",
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("window_id", sa.Text, nullable=False),
        sa.Column("matter_code", sa.Text, nullable=False),
        *(sa.Column(f"score_{score}", sa.Integer, nullable=False) for score in range(1, 6)),
        sa.PrimaryKeyConstraint("site_id", "window_id", "matter_code", name="pk_rating_tallies"),
    )
    op.create_index(
        "ix_rating_tallies_sites",
        "rating_tallies",
        ["site_id"],
        postgresql_where=sa.text("window_id = '' AND matter_code = ''"),
    )
    op.create_index(
        "ix_rating_tallies_windows",
        "rating_tallies",
        ["window_id", "site_id"],
        postgresql_where=sa.text("window_id <> ''"),
    )
    op.execute(
        """
        INSERT INTO rating_tallies
        SELECT site, '', matter,
               count(*) FILTER (WHERE score = 1), count(*) FILTER (WHERE score = 2),
               count(*) FILTER (WHERE score = 3), count(*) FILTER (WHERE score = 4),
               count(*) FILTER (WHERE score = 5)
          FROM ratings,
               LATERAL (SELECT DISTINCT site, matter
                          FROM (VALUES ('', ''), (coalesce(site_id, ''), ''), ('', matter_code),
                                       (coalesce(site_id, ''), matter_code)) AS k (site, matter)
                       ) AS key
         GROUP BY site, matter
        """
    )


def _make_people() -> None:
    op.create_table(
        "preferences",
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("language", sa.String(32), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_preferences"),
    )
    op.create_table(
        "person_requests",
        sa.Column("request", sa.String(32), nullable=False),
        sa.Column("subject", sa.Text),
        sa.Column("identity_index", sa.LargeBinary),
        sa.Column("requested_by", sa.Text, nullable=False),
        sa.Column("evidence", sa.Text),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("erased", postgresql.JSONB(), nullable=False),
        sa.Column("kept", postgresql.JSONB(), nullable=False),
        *_record(),
        sa.PrimaryKeyConstraint("id", name="pk_person_requests"),
    )
    op.create_index("ix_person_requests_subject", "person_requests", ["subject", "id"])
    op.create_index(
        "ix_person_requests_identity_index", "person_requests", ["identity_index", "id"]
    )


def _index_where(table: str, name: str, columns: list[str], condition: str) -> None:
    op.create_index(f"ix_{table}_{name}", table, columns, postgresql_where=sa.text(condition))


def _record() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
    )
