"""Matters, their versions, and the lists of what can be applied for here."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001_catalog"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = ("catalog",)
depends_on: str | Sequence[str] | None = "0001_kernel"

INSTANT = sa.DateTime(timezone=True)
JSON = postgresql.JSONB()
TEXTS = postgresql.ARRAY(sa.Text)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "matters",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("owner_district", sa.Text, nullable=False),
        sa.Column("last_version", sa.Integer, nullable=False),
        sa.Column("current_version", sa.Integer),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_matters"),
    )
    _create_versions()
    op.create_table(
        "published_matters",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("concentrated", sa.Boolean, nullable=False),
        sa.Column("body_kind", sa.Text, nullable=False),
        sa.Column("handling_scope", sa.Text, nullable=False),
        sa.Column("baseline_as_of", sa.Date),
        sa.Column("baseline_materials", sa.Integer),
        *_listed(),
        sa.PrimaryKeyConstraint("code", name="pk_published_matters"),
        sa.ForeignKeyConstraint(["code"], ["matters.code"], name="fk_published_matters_code"),
    )
    op.create_table(
        "partner_matters",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("is_offered", sa.Boolean, nullable=False),
        sa.Column("agreement", sa.Text, nullable=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("forward_within_days", sa.Integer),
        sa.Column("content", JSON, nullable=False),
        *_listed(),
        sa.PrimaryKeyConstraint("owner_district", "code", name="pk_partner_matters"),
    )
    op.create_index("ix_partner_matters_code", "partner_matters", ["code"])
    for table in ("published_matters", "partner_matters"):
        op.create_index(
            f"ix_{table}_search_text",
            table,
            ["search_text"],
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        )
        op.create_index(f"ix_{table}_words", table, ["words"], postgresql_using="gin")
    _create_sites()


def _create_versions() -> None:
    op.create_table(
        "matter_versions",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("content", JSON, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("publisher", sa.Text),
        sa.Column("effective_from", sa.Date),
        sa.Column("retired_on", sa.Date),
        sa.Column("superseded_by", sa.Integer),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_matter_versions"),
        sa.ForeignKeyConstraint(["code"], ["matters.code"], name="fk_matter_versions_code"),
        sa.UniqueConstraint("code", "number", name="uq_matter_versions_code_number"),
    )
    for state in ("draft", "published"):
        op.create_index(
            f"uq_matter_versions_{state}",
            "matter_versions",
            ["code"],
            unique=True,
            postgresql_where=sa.text(f"state = '{state}'"),
        )


def _listed() -> list[sa.Column[object]]:
    return [
        sa.Column("owner_district", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("english_name", sa.Text, nullable=False),
        sa.Column("matter_type", sa.Text, nullable=False),
        sa.Column("handling", sa.Text, nullable=False),
        sa.Column("area", sa.Text, nullable=False),
        sa.Column("audiences", TEXTS, nullable=False),
        sa.Column("channels", TEXTS, nullable=False),
        sa.Column("body_name", sa.Text, nullable=False),
        sa.Column("statutory_days", sa.Integer, nullable=False),
        sa.Column("promised_days", sa.Integer, nullable=False),
        sa.Column("required_materials", sa.Integer, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("pinyin", sa.Text, nullable=False),
        sa.Column("initials", sa.Text, nullable=False),
        sa.Column("words", TEXTS, nullable=False),
        sa.Column("search_text", sa.Text, nullable=False),
    ]


def _create_sites() -> None:
    op.create_table(
        "matter_sites",
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("matters", TEXTS, nullable=False),
        sa.Column("partner_matters", TEXTS, nullable=False),
        sa.PrimaryKeyConstraint("site_id", name="pk_matter_sites"),
    )
    for column in ("matters", "partner_matters"):
        op.create_index(
            f"ix_matter_sites_{column}", "matter_sites", [column], postgresql_using="gin"
        )


def downgrade() -> None:
    for table in (
        "matter_sites",
        "partner_matters",
        "published_matters",
        "matter_versions",
        "matters",
    ):
        op.drop_table(table)
