"""Use cases of bad ratings: called back, verified, corrected, answered, rated again"""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import service as cases
from case_service.cases.steps import calendar_of
from case_service.cases.tables import Case
from case_service.duty import Duty
from case_service.notices import service as notices
from case_service.notices.rules import NoticeKind
from case_service.people_events import (
    RatingFollowedUp,
    RatingOverdue,
)
from case_service.ratings import follow_up_rules, store
from case_service.ratings.errors import RatingNotFound
from case_service.ratings.follow_up_rules import FollowUpState, FollowUpStep
from case_service.ratings.schemas import (
    FollowUpRead,
    FollowUpSummary,
    VerificationIn,
)
from case_service.ratings.tables import FollowUp, Rating
from tongban import audit
from tongban.clock import local_date
from tongban.context import Context
from tongban.identity import Caller
from tongban.messages import publish
from tongban.paging import Paging, page_of
from tongban.vault import Vault
from tongban.workdays import Deadline

__all__ = [
    "FOLLOW_UP_DUTY",
    "answer",
    "correct",
    "open_for",
    "open_ones",
    "overdue",
    "rate_again",
    "read",
    "shown",
    "verify",
]


def open_for(
    session: AsyncSession, rating: Rating, due: Deadline, *, case: Case | None, at: datetime
) -> None:
    """Owe a bad rating its call back, and tell the applicant of it."""
    session.add(
        FollowUp(
            rating_id=rating.id,
            site_id=rating.site_id,
            state=FollowUpState.CALLING_BACK,
            due_on=due.due_on,
            is_provisional=due.is_provisional,
            next_due_at=follow_up_rules.overdue_at(due.due_on),
        )
    )
    if case is not None:
        notices.tell(session, case, NoticeKind.RATING_CALL_BACK, at, due_on=due.due_on)


async def verify(
    session: AsyncSession,
    context: Context,
    rating_id: UUID,
    given: VerificationIn,
    *,
    caller: Caller,
    at: datetime,
) -> FollowUp:
    """回访核实: the applicant was called, and what he says is confirmed or not.

    Raises:
        RatingNotFound, ForeignSite, FollowUpNotNow
    """
    rating, found = await _for_update(session, rating_id, caller)
    target = follow_up_rules.advance(
        found.state, FollowUpStep.VERIFY, is_confirmed=given.is_confirmed
    )
    found.verified_at, found.verified_by = at, caller.subject
    found.is_confirmed = given.is_confirmed
    found.sealed_finding = seal_text(context.vault, given.finding, rating_id)
    await _move(session, context, rating, found, FollowUpStep.VERIFY, target, caller.subject, at)
    return found


async def correct(
    session: AsyncSession,
    context: Context,
    rating_id: UUID,
    text: str,
    *,
    caller: Caller,
    at: datetime,
) -> FollowUp:
    """整改: what was wrong is put right.

    Raises:
        RatingNotFound, ForeignSite, FollowUpNotNow
    """
    rating, found = await _for_update(session, rating_id, caller)
    target = follow_up_rules.advance(found.state, FollowUpStep.CORRECT)
    found.corrected_at, found.corrected_by = at, caller.subject
    found.sealed_correction = seal_text(context.vault, text, rating_id)
    await _move(session, context, rating, found, FollowUpStep.CORRECT, target, caller.subject, at)
    return found


async def answer(
    session: AsyncSession,
    context: Context,
    rating_id: UUID,
    text: str,
    *,
    caller: Caller,
    at: datetime,
) -> FollowUp:
    """答复: the applicant is told what came of it, and may rate again.

    Raises:
        RatingNotFound, ForeignSite, FollowUpNotNow
    """
    rating, found = await _for_update(session, rating_id, caller)
    target = follow_up_rules.advance(found.state, FollowUpStep.ANSWER)
    found.answered_at, found.answered_by = at, caller.subject
    found.sealed_answer = seal_text(context.vault, text, rating_id)
    await _move(session, context, rating, found, FollowUpStep.ANSWER, target, caller.subject, at)
    if rating.case_id is not None:
        case = await cases.get(session, rating.case_id)
        notices.tell(session, case, NoticeKind.RATING_ANSWERED, at)
        await session.flush()
    return found


async def rate_again(
    session: AsyncSession, context: Context, rating: Rating, score: int, *, actor: str, at: datetime
) -> FollowUp:
    """再次评价: once, after the answer; the first score stays what is counted.

    Raises:
        RatingNotFound: it was no bad one.
        FollowUpNotNow: it is not answered yet, or rated again already.
    """
    found = await store.follow_up_of(session, rating.id, is_locked=True)
    if found is None:
        raise RatingNotFound
    target = follow_up_rules.advance(found.state, FollowUpStep.RATE_AGAIN)
    found.second_score, found.rated_again_at = score, at
    await _move(session, context, rating, found, FollowUpStep.RATE_AGAIN, target, actor, at)
    return found


async def overdue(session: AsyncSession, _context: Context, row: FollowUp, at: datetime) -> None:
    """差评逾期: the day by which a step was due is over; told once a step."""
    row.next_due_at = None
    if row.due_on is None:
        return
    rating = await store.get_for_update(session, row.rating_id)
    if rating is None:
        raise AssertionError("a follow-up's rating is there by its foreign key")
    row.overdue_since = row.overdue_since or row.due_on
    event = RatingOverdue(**told_of(rating, at), state=row.state.value, due_on=row.due_on)
    publish(session, event, of=rating)
    note(session, rating, "overdue", actor="system", state=row.state.value)


async def read(session: AsyncSession, rating_id: UUID, *, caller: Caller) -> FollowUp:
    """Return the follow-up of a bad rating for those who do it.

    Raises:
        RatingNotFound, ForeignSite
    """
    found = await store.follow_up_of(session, rating_id)
    if found is None:
        raise RatingNotFound
    caller.require_site(found.site_id)
    return found


async def open_ones(
    session: AsyncSession, paging: Paging, *, caller: Caller
) -> tuple[list[FollowUpSummary], str | None]:
    """Return a page of what is to be followed up, due first; of the caller's site if he has one."""
    rows = await store.open_follow_ups(session, paging, site_id=caller.site_id)
    page, cursor = page_of(rows, paging, key=lambda row: (row[0].due_on, row[0].id))
    return [_line(follow_up, rating) for follow_up, rating in page], cursor


def shown(follow_up: FollowUp, *, vault: Vault) -> FollowUpRead:
    """Return a follow-up with its texts."""
    rating_id = follow_up.rating_id
    return FollowUpRead(
        rating_id=rating_id,
        state=follow_up.state,
        steps=follow_up_rules.steps_from(follow_up.state),
        due_on=follow_up.due_on,
        is_provisional=follow_up.is_provisional,
        overdue_since=follow_up.overdue_since,
        verified_at=follow_up.verified_at,
        is_confirmed=follow_up.is_confirmed,
        finding=open_text(vault, follow_up.sealed_finding, rating_id),
        corrected_at=follow_up.corrected_at,
        correction=open_text(vault, follow_up.sealed_correction, rating_id),
        answered_at=follow_up.answered_at,
        answer=open_text(vault, follow_up.sealed_answer, rating_id),
        second_score=follow_up.second_score,
        rated_again_at=follow_up.rated_again_at,
    )


async def rating_for_update(session: AsyncSession, rating_id: UUID, caller: Caller) -> Rating:
    rating = await store.get_for_update(session, rating_id)
    if rating is None:
        raise RatingNotFound
    caller.require_site(rating.site_id)
    return rating


async def _for_update(
    session: AsyncSession, rating_id: UUID, caller: Caller
) -> tuple[Rating, FollowUp]:
    rating = await rating_for_update(session, rating_id, caller)
    found = await store.follow_up_of(session, rating_id, is_locked=True)
    if found is None:
        raise RatingNotFound
    return rating, found


async def _move(
    session: AsyncSession,
    context: Context,
    rating: Rating,
    found: FollowUp,
    step: FollowUpStep,
    target: FollowUpState,
    actor: str,
    at: datetime,
) -> None:
    due = follow_up_rules.due(target, local_date(at), await calendar_of(session, context))
    found.state = target
    found.due_on = due.due_on if due else None
    found.is_provisional = due.is_provisional if due else False
    found.next_due_at = follow_up_rules.overdue_at(due.due_on) if due else None
    event = RatingFollowedUp(
        **told_of(rating, at),
        step=step.value,
        state=target.value,
        due_on=found.due_on,
        second_score=found.second_score,
    )
    publish(session, event, of=rating)
    note(session, rating, step.value, actor=actor, state=target.value)
    await session.flush()


def _line(follow_up: FollowUp, rating: Rating) -> FollowUpSummary:
    return FollowUpSummary(
        rating_id=rating.id,
        case_id=rating.case_id,
        ticket_id=rating.ticket_id,
        site_id=rating.site_id,
        score=rating.score,
        rated_at=rating.rated_at,
        state=follow_up.state,
        due_on=follow_up.due_on,
        overdue_since=follow_up.overdue_since,
    )


def told_of(rating: Rating, at: datetime) -> dict[str, object]:
    return {
        "rating_id": rating.id,
        "case_id": rating.case_id,
        "ticket_id": rating.ticket_id,
        "site_id": rating.site_id,
        "at": at,
    }


def note(
    session: AsyncSession, rating: Rating, action: str, *, actor: str, **payload: object
) -> None:
    audit.note(
        session, actor=actor, action=f"rating.{action}", subject=str(rating.id), payload=payload
    )


def _place(rating_id: UUID) -> str:
    return f"ratings.follow_up:{rating_id}"


def seal_text(vault: Vault, text: str, rating_id: UUID) -> bytes:
    return vault.seal(text, context=_place(rating_id))


def open_text(vault: Vault, sealed: bytes | None, rating_id: UUID) -> str | None:
    return vault.open_text(sealed, context=_place(rating_id)) if sealed else None


FOLLOW_UP_DUTY: Final = Duty("rating_follow_ups", FollowUp, overdue)
