"""Every SQL statement on ratings."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases.tables import Case
from case_service.ratings.rules import BEST, WORST, tally_keys
from case_service.ratings.tables import Appeal, Contact, FollowUp, Rating, RatingTally
from tongban.paging import Paging, after

__all__ = [
    "appeal_of",
    "case_by_number",
    "case_of_exchange",
    "contact_of",
    "count",
    "follow_up_of",
    "get",
    "get_for_update",
    "is_contact_rated",
    "is_rated",
    "keep_contact",
    "of_case",
    "of_subject",
    "open_follow_ups",
    "tallies_by",
    "tally_of",
]


async def is_rated(session: AsyncSession, case_id: UUID) -> bool:
    return (await session.scalar(select(Rating.id).where(Rating.case_id == case_id))) is not None


async def is_contact_rated(session: AsyncSession, ticket_id: UUID) -> bool:
    found = await session.scalar(select(Rating.id).where(Rating.ticket_id == ticket_id))
    return found is not None


async def case_of_exchange(session: AsyncSession, exchange_id: UUID) -> Case | None:
    """Return, locked, the case that came here by this exchange."""
    return await session.scalar(
        select(Case)
        .where(Case.exchange_id == exchange_id, Case.from_district.is_not(None))
        .with_for_update()
    )


async def case_by_number(session: AsyncSession, number: str) -> Case | None:
    """Return, locked, the case of this number."""
    return await session.scalar(select(Case).where(Case.number == number).with_for_update())


async def keep_contact(
    session: AsyncSession,
    *,
    ticket_id: UUID,
    site_id: str,
    window_id: UUID | None,
    case_id: UUID | None,
    served_at: datetime,
) -> None:
    kept = insert(Contact).values(
        ticket_id=ticket_id,
        site_id=site_id,
        window_id=window_id,
        case_id=case_id,
        served_at=served_at,
    )
    await session.execute(kept.on_conflict_do_nothing())


async def contact_of(
    session: AsyncSession, ticket_id: UUID, *, is_locked: bool = False
) -> Contact | None:
    statement = select(Contact).where(Contact.ticket_id == ticket_id)
    return await session.scalar(statement.with_for_update() if is_locked else statement)


async def get(session: AsyncSession, rating_id: UUID) -> Rating | None:
    return await session.get(Rating, rating_id)


async def get_for_update(session: AsyncSession, rating_id: UUID) -> Rating | None:
    return await session.scalar(
        select(Rating)
        .where(Rating.id == rating_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def of_case(session: AsyncSession, case_id: UUID) -> Rating | None:
    return await session.scalar(select(Rating).where(Rating.case_id == case_id))


async def of_subject(session: AsyncSession, subject: str, *, limit: int) -> Sequence[Rating]:
    """Return the ratings of an account's cases, oldest first."""
    rows = await session.scalars(
        select(Rating)
        .join(Case, Case.id == Rating.case_id)
        .where(Case.applicant_subject == subject)
        .order_by(Rating.id)
        .limit(limit)
    )
    return rows.all()


async def follow_up_of(
    session: AsyncSession, rating_id: UUID, *, is_locked: bool = False
) -> FollowUp | None:
    statement = select(FollowUp).where(FollowUp.rating_id == rating_id)
    return await session.scalar(statement.with_for_update() if is_locked else statement)


async def appeal_of(
    session: AsyncSession, rating_id: UUID, *, is_locked: bool = False
) -> Appeal | None:
    statement = select(Appeal).where(Appeal.rating_id == rating_id)
    return await session.scalar(statement.with_for_update() if is_locked else statement)


async def open_follow_ups(
    session: AsyncSession, paging: Paging, *, site_id: str | None
) -> Sequence[tuple[FollowUp, Rating]]:
    """Return the follow-ups that owe a step, due first, each with its rating."""
    listed = select(FollowUp, Rating).join(Rating, Rating.id == FollowUp.rating_id)
    listed = listed.where(FollowUp.due_on.is_not(None))
    if site_id is not None:
        listed = listed.where(FollowUp.site_id == site_id)
    found = await session.execute(after(listed, paging, FollowUp.due_on, FollowUp.id))
    return [(follow_up, rating) for follow_up, rating in found]


async def count(session: AsyncSession, rating: Rating, *, by: int) -> None:
    """Add a rating to its sums, or take it out of them; one statement, in the keys' order."""
    keys = tally_keys(
        site_id=rating.site_id,
        window_id=str(rating.window_id) if rating.window_id else None,
        matter_code=rating.matter_code,
    )
    column = f"score_{rating.score}"
    rows = [
        {
            "site_id": site,
            "window_id": window,
            "matter_code": matter,
            **{f"score_{one}": 0 for one in range(WORST, BEST + 1)},
            column: max(by, 0),
        }
        for site, window, matter in keys
    ]
    added = insert(RatingTally).values(rows)
    await session.execute(
        added.on_conflict_do_update(
            index_elements=["site_id", "window_id", "matter_code"],
            set_={column: getattr(RatingTally, column) + by},
        )
    )


async def tally_of(
    session: AsyncSession, *, site_id: str, window_id: str, matter_code: str
) -> RatingTally | None:
    return await session.get(
        RatingTally, {"site_id": site_id, "window_id": window_id, "matter_code": matter_code}
    )


async def tallies_by(
    session: AsyncSession, paging: Paging, *, by: str, site_id: str | None
) -> Sequence[RatingTally]:
    """Return one page of the sums by site, window or matter, of a site where one is given."""
    tally = RatingTally
    listed: Select[tuple[RatingTally]] = select(tally)
    if by == "site":
        listed = listed.where(tally.window_id == "", tally.matter_code == "", tally.site_id > "")
        listed = listed.where(tally.site_id == site_id) if site_id is not None else listed
        ordered = after(listed, paging, tally.site_id)
    elif by == "window":
        listed = listed.where(tally.window_id > "")
        listed = listed.where(tally.site_id == site_id) if site_id is not None else listed
        ordered = after(listed, paging, tally.window_id)
    else:
        listed = listed.where(
            tally.site_id == (site_id or ""), tally.window_id == "", tally.matter_code > ""
        )
        ordered = after(listed, paging, tally.matter_code)
    return (await session.scalars(ordered)).all()
