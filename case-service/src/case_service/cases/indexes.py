"""The indexes of cases that work lists are read in, and that people's cases are found by."""

from collections.abc import Iterator

from sqlalchemy import Index, text

__all__ = ["HANDS", "finding_indexes", "siteless_indexes", "work_indexes"]

HANDS = ("submitted_by", "received_by", "accepted_by", "reviewed_by", "decided_by")
"""Who took part in a case."""


def work_indexes() -> Iterator[Index]:
    """Return one for each order that a work list is read in; all hold unfinished cases alone."""
    unfinished = "closed_at IS NULL"
    waiting = f"{unfinished} AND assigned_to IS NULL"
    # Where the site is not what is asked for, it is held: else the planner would weigh the
    # person's few cases against all of the site's, finished ones too.
    for name, columns, where, held in (
        ("site", ("site_id",), unfinished, None),
        ("department", ("department",), unfinished, ["site_id"]),
        ("assigned_to", ("assigned_to",), f"{unfinished} AND assigned_to IS NOT NULL", ["site_id"]),
        ("stage", ("stage",), waiting, None),
        ("site_stage", ("site_id", "stage"), waiting, None),
    ):
        yield Index(
            f"ix_cases_work_{name}",
            *columns,
            "work_due_on",
            "id",
            postgresql_where=text(where),
            postgresql_include=held,
        )


def siteless_indexes() -> Iterator[Index]:
    """Return one for each order in which cases without a site are read: that no site is told gives
    an index on it no order, so that all of them would be sorted for a page."""
    unfinished = "closed_at IS NULL"
    for name, columns, where in (
        ("no_site", ("id",), None),
        ("no_site_open", ("id",), unfinished),
        ("no_site_matter", ("matter_code", "id"), None),
        (
            "work_no_site_stage",
            ("stage", "work_due_on", "id"),
            f"{unfinished} AND assigned_to IS NULL",
        ),
    ):
        siteless = "site_id IS NULL" if where is None else f"{where} AND site_id IS NULL"
        yield Index(f"ix_cases_{name}", *columns, postgresql_where=text(siteless))


def finding_indexes() -> Iterator[Index]:
    """Return those that a person's cases are found by, with all that decides what is shown."""
    for name in ("name_index", "phone_index"):
        yield Index(
            f"ix_cases_{name}",
            name,
            "work_due_on",
            "id",
            postgresql_where=text(f"{name} IS NOT NULL"),
            postgresql_include=["site_id", "closed_at"],
        )
    for name in HANDS:
        yield Index(
            f"ix_cases_{name}",
            name,
            "id",
            postgresql_where=text(f"{name} IS NOT NULL"),
            postgresql_include=["site_id"],
        )
    yield Index(
        "ix_cases_premises_index",
        "premises_index",
        postgresql_where=text("premises_index IS NOT NULL"),
    )
