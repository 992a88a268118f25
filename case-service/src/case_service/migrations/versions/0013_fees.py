"""What a case costs, how it is paid, what is given back."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0013_fees"
down_revision: str | None = "0012_constant_lists"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)
PAPERS = ("fee_receipt", "fee_refund")
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
    op.execute("CREATE SEQUENCE payment_numbers")
    for name in ("fee_cents", "fee_due_cents"):
        column = sa.Column(name, sa.BigInteger, nullable=False, server_default="0")
        op.add_column("cases", column)
    op.create_table(
        "charges",
        _case_id(),
        _text("name"),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("amount_cents", "due_cents")),
        *(sa.Column(name, sa.Text) for name in ("basis", "exemption", "exemption_basis")),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("exempted_by", sa.Text),
        sa.Column("payment_id", sa.Uuid),
        *_record("charges"),
        sa.CheckConstraint(
            "0 <= due_cents AND due_cents <= amount_cents", name=op.f("ck_charges_cents")
        ),
    )
    op.create_index("ix_charges_case_id", "charges", ["case_id", "id"])
    op.create_table(
        "payments",
        _case_id(),
        _text("number"),
        sa.Column("amount_cents", sa.BigInteger, nullable=False),
        sa.Column("items", postgresql.JSONB, nullable=False),
        *(sa.Column(name, sa.String(32), nullable=False) for name in ("method", "state")),
        *(sa.Column(name, sa.Text) for name in ("cashier", "cashier_number")),
        _text("asked_by"),
        sa.Column("taken_by", sa.Text),
        sa.Column("paid_at", INSTANT),
        sa.Column("receipt_id", sa.Uuid),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("next_due_at", INSTANT),
        *_record("payments"),
        sa.UniqueConstraint("number", name="uq_payments_number"),
        sa.CheckConstraint("amount_cents > 0", name=op.f("ck_payments_cents")),
    )
    op.create_index("ix_payments_case_id", "payments", ["case_id", "id"])
    op.create_index(
        "uq_payments_open",
        "payments",
        ["case_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    _index_due("payments")
    op.create_table(
        "refunds",
        _case_id(),
        sa.Column("payment_id", sa.Uuid, nullable=False),
        _text("cashier_number"),
        sa.Column("amount_cents", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.String(32), nullable=False) for name in ("method", "reason", "state")),
        sa.Column("done_at", INSTANT),
        sa.Column("done_by", sa.Text),
        sa.Column("document_id", sa.Uuid),
        sa.Column("next_due_at", INSTANT),
        *_record("refunds"),
    )
    op.create_index("ix_refunds_case_id", "refunds", ["case_id", "id"])
    op.create_index(
        "uq_refunds_cashier_number", "refunds", ["payment_id", "cashier_number"], unique=True
    )
    _index_due("refunds")


def downgrade() -> None:
    for table in ("refunds", "payments", "charges"):
        op.drop_table(table)
    for name in ("fee_due_cents", "fee_cents"):
        op.drop_column("cases", name)
    op.execute("DROP SEQUENCE payment_numbers")
    for paper in PAPERS:
        op.execute(
            AUTHORISATIONS.update()
            .where(AUTHORISATIONS.c.id == FIRST_AUTHORISATION)
            .values(kinds=AUTHORISATIONS.c.kinds.op("-", return_type=postgresql.JSONB())(paper))
        )
        # To the release before, a paper about money is a notice of the result.
        op.execute(DOCUMENTS.update().where(DOCUMENTS.c.kind == paper).values(kind="result_notice"))
        op.execute(f"DROP SEQUENCE document_numbers_{paper}")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _case_id() -> sa.Column[object]:
    return sa.Column("case_id", sa.Uuid, nullable=False)


def _index_due(table: str) -> None:
    op.create_index(
        f"ix_{table}_next_due_at",
        table,
        ["next_due_at"],
        postgresql_where=sa.text("next_due_at IS NOT NULL"),
    )


def _record(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
            name=f"fk_{table}_case_id",
            ondelete="CASCADE",
            deferrable=True,
            initially="DEFERRED",
        ),
    )
