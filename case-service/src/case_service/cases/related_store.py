"""Every SQL statement that looks for what has to do with a case."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, RowMapping, Select, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases.listing import SUMMARY
from case_service.cases.store import CASES
from case_service.cases.tables import Case

__all__ = ["OPEN_APPLICATION", "open_of", "related"]

OPEN_APPLICATION: Final = "uq_cases_open_application"
"""The index that lets one open case of an applicant and a matter in."""
MOST: Final = 50
_COLUMNS = (*SUMMARY, "identity_index", "premises_index", "life_event", "closed_at")


async def open_of(session: AsyncSession, identity_index: bytes, matter_code: str) -> Sequence[Case]:
    """Return the unfinished cases of an applicant and a matter, newest first."""
    found = select(Case).where(
        Case.identity_index == identity_index,
        Case.matter_code == matter_code,
        Case.closed_at.is_(None),
    )
    return (await session.scalars(found.order_by(Case.id.desc()).limit(MOST))).all()


async def related(
    session: AsyncSession, case: Case, visible: list[ColumnElement[bool]]
) -> Sequence[RowMapping]:
    """Return the newest others of its applicant or its premises, in one statement."""
    columns = [CASES.c[name] for name in _COLUMNS]

    def newest(condition: ColumnElement[bool]) -> list[Select[tuple[object, ...]]]:
        # By its own index each, and no more of it than is shown.
        return [
            select(*columns)
            .where(condition, one, CASES.c.id != case.id)
            .order_by(CASES.c.id.desc())
            .limit(MOST)
            for one in visible
        ]

    parts = newest(CASES.c.identity_index == case.identity_index)
    if case.premises_index is not None:
        parts += newest(CASES.c.premises_index == case.premises_index)
    either = union(*(select(part.subquery()) for part in parts)).subquery()
    statement = select(either).order_by(either.c.id.desc()).limit(MOST)
    return (await session.execute(statement)).mappings().all()
