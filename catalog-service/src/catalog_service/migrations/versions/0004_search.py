"""What the search reads: lexemes, stages of life, synonyms, and what is asked for most."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0004_search"
down_revision: str | None = "0003_life_events"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)
TEXTS = postgresql.ARRAY(sa.Text)
LISTS = ("published_matters", "partner_matters")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in LISTS:
        _widen(table)
    op.create_table(
        "search_synonyms",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("word", sa.Text, nullable=False),
        sa.Column("means", TEXTS, nullable=False),
        sa.PrimaryKeyConstraint("key", "word", name="pk_search_synonyms"),
    )
    op.create_table(
        "synonym_tables",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_synonym_tables"),
    )
    op.create_table(
        "matter_demand",
        sa.Column("owner_district", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("cases", sa.Double, nullable=False),
        sa.Column("as_of", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("owner_district", "code", name="pk_matter_demand"),
    )


def _widen(table: str) -> None:
    # Of a matter listed before this release the words alone are found until it is read anew.
    op.add_column(
        table,
        sa.Column(
            "lexemes",
            postgresql.TSVECTOR,
            nullable=False,
            server_default=sa.text("''::tsvector"),
        ),
    )
    op.add_column(
        table,
        sa.Column("life_stages", TEXTS, nullable=False, server_default=sa.text("'{}'::text[]")),
    )
    listed = sa.table(table, sa.column("lexemes"), sa.column("words"))
    op.execute(
        sa.update(listed).values(
            lexemes=sa.func.array_to_tsvector(sa.func.array_remove(listed.c.words, ""))
        )
    )
    for column in ("lexemes", "life_stages"):
        op.alter_column(table, column, server_default=None)
    op.drop_index(f"ix_{table}_words", table)
    op.drop_column(table, "words")
    op.create_index(
        f"ix_{table}_lexemes",
        table,
        ["lexemes"],
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    for column in ("name_key", "pinyin", "initials"):
        op.create_index(
            f"ix_{table}_{column}", table, [column], postgresql_ops={column: "text_pattern_ops"}
        )


def downgrade() -> None:
    op.drop_table("matter_demand")
    op.drop_table("synonym_tables")
    op.drop_table("search_synonyms")
    for table in LISTS:
        for column in ("name_key", "pinyin", "initials", "lexemes"):
            op.drop_index(f"ix_{table}_{column}", table)
        op.add_column(
            table,
            sa.Column("words", TEXTS, nullable=False, server_default=sa.text("'{}'::text[]")),
        )
        listed = sa.table(table, sa.column("lexemes"), sa.column("words"))
        op.execute(sa.update(listed).values(words=sa.func.tsvector_to_array(listed.c.lexemes)))
        op.alter_column(table, "words", server_default=None)
        op.create_index(f"ix_{table}_words", table, ["words"], postgresql_using="gin")
        op.drop_column(table, "life_stages")
        op.drop_column(table, "lexemes")
