"""Every SQL statement on people's own rows."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.assistance.tables import Assistance
from case_service.cases.tables import Case, Review, TimelineEntry
from case_service.deliveries.tables import Delivery
from case_service.enquiries.tables import Enquiry
from case_service.handovers.tables import Handover
from case_service.licences.tables import Licence
from case_service.materials.tables import Material
from case_service.notices.languages import Language
from case_service.notices.tables import Notice
from case_service.people.tables import PersonRequestRow, Preference
from case_service.ratings.tables import Appeal, FollowUp, Rating
from case_service.supervision.tables import Order
from tongban.paging import Paging, after

__all__ = [
    "cases_of",
    "clear_attendants",
    "clear_timeline",
    "drop_materials",
    "drop_preference",
    "enquiries_of",
    "erase_licences",
    "find_preference",
    "keep_preference",
    "licences_of",
    "requests_of",
    "timelines_of",
]


async def find_preference(session: AsyncSession, subject: str) -> Preference | None:
    return await session.get(Preference, subject)


async def keep_preference(
    session: AsyncSession, subject: str, *, language: Language, at: datetime
) -> None:
    kept = insert(Preference).values(subject=subject, language=language, changed_at=at)
    changed = {"language": language, "changed_at": at}
    await session.execute(kept.on_conflict_do_update(index_elements=["subject"], set_=changed))


async def requests_of(
    session: AsyncSession, subject: str, paging: Paging
) -> Sequence[PersonRequestRow]:
    listed = select(PersonRequestRow).where(PersonRequestRow.subject == subject)
    ordered = after(listed, paging, PersonRequestRow.id, descending=True)
    return (await session.scalars(ordered)).all()


def _whose(subject: str | None, indexes: Collection[bytes]) -> ColumnElement[bool]:
    by_number = Case.identity_index.in_(indexes)
    if subject is None:
        return by_number
    return or_(Case.applicant_subject == subject, by_number)


async def cases_of(
    session: AsyncSession,
    *,
    subject: str | None,
    indexes: Collection[bytes],
    limit: int,
    is_locked: bool = False,
) -> Sequence[Case]:
    """Return a person's cases, oldest first."""
    found = select(Case).where(_whose(subject, indexes)).order_by(Case.id).limit(limit)
    return (await session.scalars(found.with_for_update() if is_locked else found)).all()


async def timelines_of(
    session: AsyncSession, case_ids: Collection[UUID]
) -> Sequence[TimelineEntry]:
    rows = await session.scalars(
        select(TimelineEntry)
        .where(TimelineEntry.case_id.in_(case_ids))
        .order_by(TimelineEntry.case_id, TimelineEntry.id)
    )
    return rows.all()


async def licences_of(session: AsyncSession, case_ids: Collection[UUID]) -> Sequence[Licence]:
    rows = await session.scalars(
        select(Licence).where(Licence.case_id.in_(case_ids)).order_by(Licence.id)
    )
    return rows.all()


async def drop_materials(session: AsyncSession, case_id: UUID) -> int:
    """Remove a case's files from it; bytes that nothing names any more are swept by their owner."""
    dropped = await session.scalars(
        delete(Material).where(Material.case_id == case_id).returning(Material.id)
    )
    return len(dropped.all())


async def clear_timeline(
    session: AsyncSession, case_id: UUID, *, accounts: Collection[str], erased: str
) -> None:
    """Leave of a case's steps what happened and when, neither what was written nor these actors."""
    cleared = update(TimelineEntry).where(TimelineEntry.case_id == case_id)
    actor = case((TimelineEntry.actor.in_(accounts), erased), else_=TimelineEntry.actor)
    await session.execute(
        cleared.values(comment=None, facts={}, actor=actor),
        execution_options={"synchronize_session": False},
    )


async def clear_attendants(session: AsyncSession, case_id: UUID, *, erased: str) -> None:
    """Overwrite what reviews, deliveries, notices, helpers, handovers and ratings tell of people.

    What is made public (双公示) names no person, and stays.
    """
    of_case: dict[type[Any], dict[str, Any]] = {
        Review: {"comment": None},
        Delivery: {"sealed_recipient": None, "sealed_code": None, "return_reason": None},
        Notice: {"facts": {}, "subject": None},
        Assistance: {"helper_name": erased, "evidence": None},
        Handover: {"holder_masked": erased},
        Order: {"answer": None, "history": []},
        Rating: {"sealed_comment": None},
    }
    no_sync = {"synchronize_session": False}
    for table, values in of_case.items():
        cleared = update(table).where(table.case_id == case_id)
        await session.execute(cleared.values(values), execution_options=no_sync)
    about = select(Rating.id).where(Rating.case_id == case_id).scalar_subquery()
    nothing = dict.fromkeys(("sealed_finding", "sealed_correction", "sealed_answer"))
    for follows, values in (
        (FollowUp, nothing),
        (Appeal, {"sealed_grounds": b"", "sealed_reason": None}),
    ):
        cleared = update(follows).where(follows.rating_id.in_(about))
        await session.execute(cleared.values(values), execution_options=no_sync)


async def enquiries_of(session: AsyncSession, case_id: UUID) -> Sequence[Enquiry]:
    """Return what was asked about a case."""
    return (await session.scalars(select(Enquiry).where(Enquiry.case_id == case_id))).all()


async def erase_licences(session: AsyncSession, case_id: UUID, *, name: str) -> int:
    """Overwrite who held a case's licences; number, term and standing stay verifiable."""
    erased = await session.scalars(
        update(Licence)
        .where(Licence.case_id == case_id)
        .values(
            sealed_body=b"",
            holder_masked=name,
            holder_index=None,
            sealed_reason=None,
            sealed_compensation=None,
        )
        .returning(Licence.id)
        .execution_options(synchronize_session=False)
    )
    return len(erased.all())


async def drop_preference(session: AsyncSession, subject: str) -> int:
    dropped = await session.scalars(
        delete(Preference).where(Preference.subject == subject).returning(Preference.subject)
    )
    return len(dropped.all())
