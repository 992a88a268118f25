"""The whole life of licences: successors, endings, status lists, codes to show one at a window."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0009_licences"
down_revision: str | None = "0008_worklists"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)
PAPERS = ("licence_cancellation", "licence_rescission", "licence_withdrawal", "licence_revocation")
FIRST_AUTHORISATION = "01980000-0000-7000-8000-000000000002"
AUTHORISATIONS = sa.table(
    "seal_authorisations",
    sa.column("id", sa.Uuid(as_uuid=False)),
    sa.column("kinds", postgresql.JSONB),
    sa.column("revoked_at", INSTANT),
)
STANDING = sa.and_(
    AUTHORISATIONS.c.id == FIRST_AUTHORISATION, AUTHORISATIONS.c.revoked_at.is_(None)
)
DOCUMENTS = sa.table("documents", sa.column("kind", sa.Text))
ADDED: tuple[tuple[str, sa.types.TypeEngine[Any]], ...] = (
    ("status_index", sa.BigInteger()),
    ("predecessor_id", sa.Uuid()),
    ("validity_months", sa.Integer()),
    ("invalid_from", sa.Date()),
    ("reminded_days", sa.Integer()),
    ("deemed_renewed_on", sa.Date()),
    ("end_ground", sa.String(32)),
    ("sealed_compensation", sa.LargeBinary()),
    ("struck_off_at", INSTANT),
    ("next_due_at", INSTANT),
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for paper in PAPERS:
        op.execute(f"CREATE SEQUENCE document_numbers_{paper}")
        # What goes on by itself since the set-up goes on for these too, while it stands.
        op.execute(
            AUTHORISATIONS.update()
            .where(STANDING)
            .values(kinds=AUTHORISATIONS.c.kinds.concat(sa.cast([paper], postgresql.JSONB)))
        )
    _widen_cases()
    _widen_licences()
    _make_show_codes()


def _widen_cases() -> None:
    op.add_column("cases", _operation("licence_operation"))
    op.add_column("cases", sa.Column("predecessor_id", sa.Uuid))
    _index_where("cases", "predecessor_id", ["predecessor_id"], "predecessor_id IS NOT NULL")


def _widen_licences() -> None:
    op.alter_column("licences", "revoked_at", new_column_name="ended_at")
    op.alter_column("licences", "revoked_by", new_column_name="ended_by")
    op.add_column("licences", _operation("operation"))
    for column in ADDED:
        op.add_column("licences", sa.Column(*column))
    op.execute(
        """
        UPDATE licences
           SET status_index = split_part(number, '-', 4)::bigint,
               validity_months = (extract(year FROM age(valid_until + 1, valid_from)) * 12
                   + extract(month FROM age(valid_until + 1, valid_from)))::integer,
               invalid_from = (ended_at AT TIME ZONE 'Asia/Shanghai')::date,
               end_ground = CASE WHEN ended_at IS NOT NULL THEN 'penalty' END,
               next_due_at = CASE WHEN ended_at IS NULL AND valid_until IS NOT NULL THEN now() END
        """
    )
    op.alter_column("licences", "status_index", nullable=False)
    op.create_unique_constraint("uq_licences_status_index", "licences", ["status_index"])
    _index_where("licences", "predecessor_id", ["predecessor_id"], "predecessor_id IS NOT NULL")
    _index_where("licences", "ended", ["status_index"], "invalid_from IS NOT NULL")
    _index_where("licences", "next_due_at", ["next_due_at"], "next_due_at IS NOT NULL")


def _make_show_codes() -> None:
    op.create_table(
        "licence_show_codes",
        sa.Column("licence_id", sa.Uuid, nullable=False),
        sa.Column("code_index", sa.LargeBinary, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("redeemed_at", INSTANT),
        sa.Column("redeemed_by", sa.Text),
        sa.Column("site_id", sa.Text),
        *_record(),
        sa.PrimaryKeyConstraint("id", name="pk_licence_show_codes"),
        sa.UniqueConstraint("code_index", name="uq_licence_show_codes_code_index"),
        sa.ForeignKeyConstraint(
            ["licence_id"],
            ["licences.id"],
            name="fk_licence_show_codes_licence_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_licence_show_codes_licence_id", "licence_show_codes", ["licence_id"])


def downgrade() -> None:
    op.drop_table("licence_show_codes")
    # To the release before, whatever ended a licence is a revocation.
    op.execute("UPDATE licences SET state = 'revoked' WHERE state <> 'valid'")
    op.execute("UPDATE licences SET ended_at = now() WHERE state = 'revoked' AND ended_at IS NULL")
    for name in ("next_due_at", "ended", "predecessor_id"):
        op.drop_index(f"ix_licences_{name}", "licences")
    op.drop_constraint("uq_licences_status_index", "licences")
    for column in reversed(ADDED):
        op.drop_column("licences", column[0])
    op.drop_column("licences", "operation")
    op.alter_column("licences", "ended_by", new_column_name="revoked_by")
    op.alter_column("licences", "ended_at", new_column_name="revoked_at")
    op.drop_index("ix_cases_predecessor_id", "cases")
    op.drop_column("cases", "predecessor_id")
    op.drop_column("cases", "licence_operation")
    for paper in PAPERS:
        op.execute(
            AUTHORISATIONS.update()
            .where(AUTHORISATIONS.c.id == FIRST_AUTHORISATION)
            .values(kinds=AUTHORISATIONS.c.kinds.op("-", return_type=postgresql.JSONB())(paper))
        )
        # To the release before, a decision that ends something is a notice of termination.
        op.execute(DOCUMENTS.update().where(DOCUMENTS.c.kind == paper).values(kind="termination"))
        op.execute(f"DROP SEQUENCE document_numbers_{paper}")


def _operation(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(32), nullable=False, server_default="first")


def _index_where(table: str, name: str, columns: list[str], condition: str) -> None:
    op.create_index(f"ix_{table}_{name}", table, columns, postgresql_where=sa.text(condition))


def _record() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
    )
