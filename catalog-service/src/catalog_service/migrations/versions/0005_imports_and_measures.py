"""Large imports' progress, and what of a version the reform is measured by."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0005_imports_and_measures"
down_revision: str | None = "0004_search"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

REQUIRED = '$."materials"[*]?(@."necessity" == "required")'
BEFORE = "(content #>> '{baseline,days}')::integer"
# Computed by the database from the content, for the versions that there are as for those to come.
MEASURES = {
    "name": (sa.Text, "content ->> 'name'"),
    "matter_type": (sa.Text, "content ->> 'matter_type'"),
    "area": (sa.Text, "content ->> 'area'"),
    "body_code": (sa.Text, "content #>> '{body,code}'"),
    "body_name": (sa.Text, "content #>> '{body,name}'"),
    "body_kind": (sa.Text, "content #>> '{body,kind}'"),
    "concentrated": (sa.Boolean, "(content ->> 'concentrated')::boolean"),
    "handling_scope": (sa.Text, "content ->> 'handling_scope'"),
    "visits": (sa.Integer, "(content ->> 'visits')::integer"),
    "online_depth": (sa.Integer, "(content ->> 'online_depth')::integer"),
    "statutory_days": (sa.Integer, "(content ->> 'statutory_days')::integer"),
    "promised_days": (sa.Integer, "(content ->> 'promised_days')::integer"),
    "required_materials": (
        sa.Integer,
        f"jsonb_array_length(jsonb_path_query_array(content, '{REQUIRED}'::jsonpath))",
    ),
    "baseline_as_of": (sa.Text, "content #>> '{baseline,as_of}'"),
    "baseline_materials": (
        sa.Integer,
        "jsonb_array_length(content #> '{baseline,required_materials}')",
    ),
    "baseline_days": (
        sa.Integer,
        "CASE WHEN content #>> '{baseline,counts_calendar_days}' = 'true' "
        f"THEN greatest(least({BEFORE}, 1), {BEFORE} * 5 / 7) ELSE {BEFORE} END",
    ),
}
INSTANT = sa.DateTime(timezone=True)
COUNTS = ("received", "created", "updated", "unchanged", "published")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "catalog_imports",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("importer", sa.Text, nullable=False),
        sa.Column("publish", sa.Boolean, nullable=False),
        sa.Column("is_dry_run", sa.Boolean, nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in COUNTS),
        sa.Column("faults", postgresql.JSONB, nullable=False),
        sa.Column("finished_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_catalog_imports"),
    )
    for name, (kind, expression) in MEASURES.items():
        op.add_column(
            "matter_versions", sa.Column(name, kind, sa.Computed(expression, persisted=True))
        )


def downgrade() -> None:
    for name in MEASURES:
        op.drop_column("matter_versions", name)
    op.drop_table("catalog_imports")
