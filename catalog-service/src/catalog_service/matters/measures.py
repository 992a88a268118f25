"""What of a version the reform is measured by, read off its content by the database itself.

PostgreSQL keeps these columns: no way of writing a version can forget them, and to measure the
reform reads no content. The expressions are spelled as PostgreSQL spells them back, so that a
difference between this page and a migration is noticed.
"""

from typing import Any

from sqlalchemy import Computed
from sqlalchemy.orm import Mapped, MappedColumn, mapped_column

__all__ = ["CALENDAR_DAYS", "WORKING_DAYS", "Measured", "working_days"]

WORKING_DAYS, CALENDAR_DAYS = 5, 7
"""A limit that the law counts in calendar days: of seven, five are taken for working days."""

REQUIRED = '$."materials"[*]?(@."necessity" == "required")'
BEFORE = "(content #>> '{baseline,days}'::text[])::integer"


def working_days(calendar_days: int) -> int:
    """Convert a limit in calendar days: × 5 ÷ 7, rounded down, never less than one day."""
    return max(min(calendar_days, 1), calendar_days * WORKING_DAYS // CALENDAR_DAYS)


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
    statutory_days: Mapped[int | None] = _read("(content ->> 'statutory_days'::text)::integer")
    promised_days: Mapped[int | None] = _read("(content ->> 'promised_days'::text)::integer")
    required_materials: Mapped[int | None] = _read(
        f"jsonb_array_length(jsonb_path_query_array(content, '{REQUIRED}'::jsonpath))"
    )
    baseline_as_of: Mapped[str | None] = _read("content #>> '{baseline,as_of}'::text[]")
    baseline_materials: Mapped[int | None] = _read(
        "jsonb_array_length(content #> '{baseline,required_materials}'::text[])"
    )
    baseline_days: Mapped[int | None] = _read(
        "CASE WHEN content #>> '{baseline,counts_calendar_days}'::text[] = 'true'::text "
        f"THEN GREATEST(LEAST({BEFORE}, 1), {BEFORE} * {WORKING_DAYS} / {CALENDAR_DAYS}) "
        f"ELSE {BEFORE} END"
    )
