"""What of a version the reform is measured by, read off its content by the database itself.

PostgreSQL keeps these columns: no way of writing a version can forget them, and to measure the
reform reads no content. The expressions are spelled as PostgreSQL spells them back, so that a
difference between this page and a migration is noticed.
"""

from typing import Any

from sqlalchemy import Computed
from sqlalchemy.orm import Mapped, MappedColumn, mapped_column

from catalog_service.matters.limits import CALENDAR_DAYS, WORKING_DAYS

__all__ = ["Measured"]

REQUIRED = '$."materials"[*]?(@."necessity" == "required")'
BY_LAW = "(content ->> 'statutory_days'::text)::integer"
BEFORE = "(content #>> '{baseline,days}'::text[])::integer"


def _in_working_days(days: str, *, counts_calendar_days: str) -> str:
    """Return `limits.in_working_days` as PostgreSQL computes it."""
    return (
        f"CASE WHEN {counts_calendar_days} "
        f"THEN GREATEST(LEAST({days}, 1), {days} * {WORKING_DAYS} / {CALENDAR_DAYS}) "
        f"ELSE {days} END"
    )


def _read(expression: str) -> MappedColumn[Any]:
    """Return a column that nobody loads but a statement that asks for it."""
    computed = Computed(expression, persisted=True)
    return mapped_column(computed, deferred=True, deferred_raiseload=True)


class Measured:
    """Columns that the database computes; mixed into the table of versions."""

    name: Mapped[str | None] = _read("content ->> 'name'::text")
    matter_type: Mapped[str | None] = _read("content ->> 'matter_type'::text")
    area: Mapped[str | None] = _read("content ->> 'area'::text")
    body_code: Mapped[str | None] = _read("content #>> '{body,code}'::text[]")
    body_name: Mapped[str | None] = _read("content #>> '{body,name}'::text[]")
    body_kind: Mapped[str | None] = _read("content #>> '{body,kind}'::text[]")
    concentrated: Mapped[bool | None] = _read("(content ->> 'concentrated'::text)::boolean")
    handling_scope: Mapped[str | None] = _read("content ->> 'handling_scope'::text")
    visits: Mapped[int | None] = _read("(content ->> 'visits'::text)::integer")
    online_depth: Mapped[int | None] = _read("(content ->> 'online_depth'::text)::integer")
    statutory_days: Mapped[int | None] = _read(BY_LAW)
    statutory_working_days: Mapped[int | None] = _read(
        _in_working_days(
            BY_LAW,
            counts_calendar_days="(content ->> 'statutory_unit'::text) = 'calendar_days'::text",
        )
    )
    promised_days: Mapped[int | None] = _read("(content ->> 'promised_days'::text)::integer")
    required_materials: Mapped[int | None] = _read(
        f"jsonb_array_length(jsonb_path_query_array(content, '{REQUIRED}'::jsonpath))"
    )
    baseline_as_of: Mapped[str | None] = _read("content #>> '{baseline,as_of}'::text[]")
    baseline_materials: Mapped[int | None] = _read(
        "jsonb_array_length(content #> '{baseline,required_materials}'::text[])"
    )
    baseline_days: Mapped[int | None] = _read(
        _in_working_days(
            BEFORE,
            counts_calendar_days="content #>> '{baseline,counts_calendar_days}'::text[]"
            " = 'true'::text",
        )
    )
