"""Use cases of appeals (申诉复核): staff hold a rating for malicious, a supervisor decides."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases.steps import calendar_of
from case_service.duty import Duty
from case_service.people_events import RatingAppealDecided, RatingAppealed, RatingOverdue
from case_service.ratings import follow_up_rules, store
from case_service.ratings.errors import AppealNotFound, RatingNotFound
from case_service.ratings.follow_up_rules import FollowUpState
from case_service.ratings.follow_ups import (
    note,
    open_text,
    rating_for_update,
    seal_text,
    told_of,
)
from case_service.ratings.schemas import AppealRead, AppealReviewIn
from case_service.ratings.tables import Appeal, Rating
from tongban.clock import local_date
from tongban.context import Context
from tongban.identity import Caller
from tongban.messages import publish
from tongban.vault import Vault

__all__ = ["APPEAL_DUTY", "appeal", "overdue", "read", "review", "shown"]


async def appeal(
    session: AsyncSession,
    context: Context,
    rating_id: UUID,
    grounds: str,
    *,
    caller: Caller,
    at: datetime,
) -> Appeal:
    """申诉: staff of the site hold a rating for malicious; it counts until it is reviewed.

    Raises:
        RatingNotFound, ForeignSite, AppealedAlready
    """
    rating = await rating_for_update(session, rating_id, caller)
    is_appealed = await store.appeal_of(session, rating_id) is not None
    follow_up_rules.check_appeal(is_appealed=is_appealed)
    due = follow_up_rules.appeal_due(local_date(at), await calendar_of(session, context))
    made = Appeal(
        rating_id=rating_id,
        appealed_by=caller.subject,
        appealed_at=at,
        sealed_grounds=seal_text(context.vault, grounds, rating_id),
        due_on=due.due_on,
        is_provisional=due.is_provisional,
        next_due_at=follow_up_rules.overdue_at(due.due_on),
    )
    session.add(made)
    publish(session, RatingAppealed(**told_of(rating, at), due_on=due.due_on), of=rating)
    note(session, rating, "appeal", actor=caller.subject)
    await session.flush()
    return made


async def review(
    session: AsyncSession,
    context: Context,
    rating_id: UUID,
    given: AppealReviewIn,
    *,
    caller: Caller,
    at: datetime,
) -> Appeal:
    """申诉复核: what is upheld no longer counts, and stays on record.

    Raises:
        RatingNotFound, ForeignSite, AppealNotFound, AppealDecidedAlready, OwnAppeal
    """
    rating = await rating_for_update(session, rating_id, caller)
    made = await store.appeal_of(session, rating_id, is_locked=True)
    if made is None:
        raise AppealNotFound
    follow_up_rules.check_review(
        appealed_by=made.appealed_by, decided_at=made.decided_at, reviewer=caller.subject
    )
    made.is_upheld, made.decided_at, made.decided_by = given.is_upheld, at, caller.subject
    made.sealed_reason = seal_text(context.vault, given.reason, rating_id)
    made.next_due_at = None
    if given.is_upheld:
        await _exclude(session, rating)
    event = RatingAppealDecided(**told_of(rating, at), is_upheld=given.is_upheld)
    publish(session, event, of=rating)
    note(session, rating, "review_appeal", actor=caller.subject, is_upheld=given.is_upheld)
    await session.flush()
    return made


async def overdue(session: AsyncSession, _context: Context, row: Appeal, at: datetime) -> None:
    """申诉逾期: nobody reviewed it in time; told once, and it stays to be reviewed."""
    row.next_due_at = None
    rating = await store.get_for_update(session, row.rating_id)
    if rating is None or row.decided_at is not None:
        return
    publish(
        session,
        RatingOverdue(**told_of(rating, at), state="appealed", due_on=row.due_on),
        of=rating,
    )
    note(session, rating, "appeal_overdue", actor="system")


async def read(session: AsyncSession, rating_id: UUID, *, caller: Caller) -> Appeal:
    """Return an appeal for staff of the site.

    Raises:
        RatingNotFound, ForeignSite, AppealNotFound
    """
    rating = await store.get(session, rating_id)
    if rating is None:
        raise RatingNotFound
    caller.require_site(rating.site_id)
    made = await store.appeal_of(session, rating_id)
    if made is None:
        raise AppealNotFound
    return made


def shown(made: Appeal, *, vault: Vault) -> AppealRead:
    """Return an appeal with its texts."""
    return AppealRead(
        rating_id=made.rating_id,
        appealed_at=made.appealed_at,
        grounds=open_text(vault, made.sealed_grounds, made.rating_id) or "",
        due_on=made.due_on,
        is_provisional=made.is_provisional,
        is_upheld=made.is_upheld,
        decided_at=made.decided_at,
        reason=open_text(vault, made.sealed_reason, made.rating_id),
    )


async def _exclude(session: AsyncSession, rating: Rating) -> None:
    """Take a rating out of its sums, and end what it set off."""
    rating.is_excluded = True
    await store.count(session, rating, by=-1)
    found = await store.follow_up_of(session, rating.id, is_locked=True)
    if found is not None:
        found.state, found.due_on, found.next_due_at = FollowUpState.EXCLUDED, None, None


APPEAL_DUTY: Final = Duty("rating_appeals", Appeal, overdue)
