"""Use cases of ratings: give one, take the one a partner passes on, show it, count them."""

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import history
from case_service.cases.progress import progress
from case_service.cases.rules import FINAL, Stage
from case_service.cases.tables import Case
from case_service.errors import CaseNotFound
from case_service.events import CaseRated
from case_service.people_events import RatingGiven
from case_service.ratings import follow_ups, rules, store
from case_service.ratings.errors import (
    ContactUnknown,
    RatingNotFound,
    RatingPlaceMissing,
    StaffDoNotRate,
)
from case_service.ratings.rules import RatingSource
from case_service.ratings.schemas import (
    RatingByReceiptIn,
    RatingIn,
    RatingPart,
    RatingRead,
    RatingSummary,
)
from case_service.ratings.tables import Rating, RatingTally
from tongban import audit, calendars
from tongban.clock import local_date
from tongban.context import Context
from tongban.identity import Caller, Role
from tongban.messages import publish
from tongban.paging import Paging, page_of
from tongban.vault import Vault

__all__ = [
    "keep_contact",
    "of_case",
    "of_subject",
    "rate",
    "rate_by_exchange",
    "rate_by_receipt",
    "shown",
    "summary",
]

READS_COMMENTS: Final = (Role.SUPERVISOR, Role.SITE_MANAGER)
_VAULT: Final = "ratings.comment"

log = structlog.get_logger(__name__)


async def rate(
    session: AsyncSession,
    context: Context,
    case: Case,
    given: RatingIn,
    *,
    caller: Caller,
    at: datetime,
) -> Rating:
    """Keep the applicant's rating of his closed case; `case` is locked by the caller.

    Raises:
        StaffDoNotRate: whoever works for the district rates nothing here.
        NotClosedYet, AlreadyRated, OwnerScoreNotApplicable: see the rules.
    """
    if caller.is_staff:
        raise StaffDoNotRate
    is_own = caller.subject == case.applicant_subject
    source = RatingSource.APPLICANT if is_own else RatingSource.AGENT
    entered_by = None if is_own else caller.subject
    return await _rate_case(
        session, context, case, given, source=source, entered_by=entered_by, at=at
    )


async def rate_by_receipt(
    session: AsyncSession,
    context: Context,
    given: RatingByReceiptIn,
    *,
    caller: Caller | None,
    at: datetime,
) -> Rating:
    """Keep what somebody chose at a terminal: for his contact by ticket, his case by receipt.

    Raises:
        StaffDoNotRate, RatingPlaceMissing
        ContactUnknown, ContactRatedAlready, ContactTooLongAgo: the ticket.
        ProgressNotFound, TooManyTries, NotClosedYet, AlreadyRated: the receipt.
        OwnerScoreNotApplicable
    """
    if caller is not None and caller.is_staff:
        raise StaffDoNotRate
    if given.ticket_id is not None:
        return await _rate_contact(session, context, given, given.ticket_id, at=at)
    if given.number is None or given.id_tail is None:
        raise RatingPlaceMissing
    # Proven as a progress query is, with the same limit on wrong tails.
    await progress(context, given.number, given.id_tail, at=at)
    case = await store.case_by_number(session, given.number)
    if case is None:
        raise CaseNotFound
    return await _rate_case(
        session, context, case, given, source=RatingSource.TERMINAL, entered_by=None, at=at
    )


async def rate_by_exchange(
    session: AsyncSession, *, exchange_id: UUID, score: int, at: datetime
) -> None:
    """Keep, at the owner, the score that the near district passed on for it.

    The first one stands; one for a case that is not here or not finished tells us nothing.
    """
    case = await store.case_of_exchange(session, exchange_id)
    if case is None or case.stage not in FINAL or await store.is_rated(session, case.id):
        log.info("rating.not_kept", exchange_id=str(exchange_id), known=case is not None)
        return
    rating = Rating(source=RatingSource.EXCHANGE, score=score)
    await _keep_of_case(session, case, rating, actor=f"district:{case.from_district}", at=at)


async def keep_contact(session: AsyncSession, **told: Any) -> None:
    """Keep that somebody was served, so that he can rate it."""
    await store.keep_contact(session, **told)


async def of_case(session: AsyncSession, case_id: UUID) -> Rating:
    """Return a case's rating.

    Raises:
        RatingNotFound: none was given yet.
    """
    rating = await store.of_case(session, case_id)
    if rating is None:
        raise RatingNotFound
    return rating


async def of_subject(
    session: AsyncSession, vault: Vault, subject: str, *, limit: int
) -> list[dict[str, Any]]:
    """Return the ratings of an account's cases, whole, for the account itself."""
    found = await store.of_subject(session, subject, limit=limit)
    return [shown(one, vault=vault, reader=None).model_dump(mode="json") for one in found]


def shown(rating: Rating, *, vault: Vault, reader: Caller | None) -> RatingRead:
    """Return a rating; what was written is for whoever wrote it and those who call him back."""
    sealed = rating.sealed_comment
    may_read = reader is None or not reader.is_staff or reader.has(*READS_COMMENTS)
    return RatingRead(
        id=rating.id,
        case_id=rating.case_id,
        ticket_id=rating.ticket_id,
        source=rating.source,
        score=rating.score,
        owner_score=rating.owner_score,
        comment=vault.open_text(sealed, context=_VAULT) if sealed and may_read else None,
        rated_at=rating.rated_at,
        call_back_due_on=rating.call_back_due_on,
        is_excluded=rating.is_excluded,
    )


async def summary(
    session: AsyncSession,
    paging: Paging,
    *,
    site_id: str | None,
    window_id: UUID | None,
    matter_code: str | None,
    by: Literal["site", "window", "matter"] | None,
) -> RatingSummary:
    """Count the ratings of a site, a window or a matter; at the same cost however many there are.

    A window is its site's, so that its sum is asked for by both.
    """
    tally = await store.tally_of(
        session,
        site_id=site_id or "",
        window_id=str(window_id) if window_id else "",
        matter_code=matter_code or "",
    )
    parts: list[RatingTally] = []
    cursor = None
    if by is not None:
        key = {"site": "site_id", "window": "window_id", "matter": "matter_code"}[by]
        rows = await store.tallies_by(session, paging, by=by, site_id=site_id)
        parts, cursor = page_of(rows, paging, key=lambda row: (getattr(row, key),))
        named = [RatingPart(key=getattr(row, key), **_counted(row)) for row in parts]
    else:
        named = []
    return RatingSummary(
        site_id=site_id,
        window_id=window_id,
        matter_code=matter_code,
        **_counted(tally),
        parts=named,
        next_cursor=cursor,
    )


def _counted(tally: RatingTally | None) -> dict[str, Any]:
    scores = range(rules.WORST, rules.BEST + 1)
    counts = {one: getattr(tally, f"score_{one}") if tally else 0 for one in scores}
    total = sum(counts.values())
    points = sum(score * count for score, count in counts.items())
    return {
        "count": total,
        "average": round(points / total, 2) if total else None,
        "by_score": {str(score): count for score, count in counts.items()},
    }


async def _rate_case(
    session: AsyncSession,
    context: Context,
    case: Case,
    given: RatingIn,
    *,
    source: RatingSource,
    entered_by: str | None,
    at: datetime,
) -> Rating:
    rules.check(
        is_closed=case.stage is Stage.CLOSED,
        # At the owner the applicant's word comes by the exchange: there is nobody else to rate.
        is_exchanged=case.exchange_id is not None and case.from_district is None,
        is_rated=await store.is_rated(session, case.id),
        owner_score=given.owner_score,
    )
    rating = Rating(
        source=source,
        entered_by=entered_by,
        score=given.score,
        owner_score=given.owner_score,
        sealed_comment=_sealed(context, given.comment),
    )
    actor = entered_by or case.applicant_subject or "terminal"
    await _keep_of_case(session, case, rating, actor=actor, at=at)
    return rating


async def _rate_contact(
    session: AsyncSession,
    context: Context,
    given: RatingIn,
    ticket_id: UUID,
    *,
    at: datetime,
) -> Rating:
    contact = await store.contact_of(session, ticket_id, is_locked=True)
    if contact is None:
        raise ContactUnknown
    rules.check_contact(
        served_at=contact.served_at,
        is_rated=await store.is_contact_rated(session, ticket_id),
        owner_score=given.owner_score,
        at=at,
    )
    rating = Rating(
        ticket_id=ticket_id,
        site_id=contact.site_id,
        window_id=contact.window_id,
        source=RatingSource.TERMINAL,
        score=given.score,
        sealed_comment=_sealed(context, given.comment),
    )
    await _keep(session, rating, case=None, at=at)
    event = RatingGiven(
        rating_id=rating.id,
        ticket_id=ticket_id,
        site_id=rating.site_id,
        window_id=rating.window_id,
        score=rating.score,
        at=at,
    )
    publish(session, event, of=rating)
    _note(session, rating, actor="terminal", subject=str(ticket_id))
    await session.flush()
    return rating


async def _keep_of_case(
    session: AsyncSession, case: Case, rating: Rating, *, actor: str, at: datetime
) -> None:
    rating.case_id = case.id
    rating.site_id, rating.matter_code = case.site_id, case.matter_code
    if case.ticket_id is not None:
        contact = await store.contact_of(session, case.ticket_id)
        rating.window_id = contact.window_id if contact else None
    await _keep(session, rating, case=case, at=at)
    publish(
        session,
        CaseRated(
            case_id=case.id,
            number=case.number,
            exchange_id=case.exchange_id,
            at=at,
            score=rating.score,
            owner_score=rating.owner_score,
        ),
        of=case,
    )
    source = {"source": rating.source.value}
    history.note(
        session,
        case,
        action="rate",
        actor=actor,
        site_id=case.site_id,
        at=at,
        facts=source,
        payload={"score": rating.score, **source},
    )
    await session.flush()


async def _keep(session: AsyncSession, rating: Rating, *, case: Case | None, at: datetime) -> None:
    """Store a rating with its sums, and with the call back that a bad one is owed."""
    rating.rated_at = at
    due = rules.call_back(rating.score, local_date(at), await calendars.load(session))
    if due is not None:
        rating.call_back_due_on = due.due_on
        rating.is_call_back_provisional = due.is_provisional
    session.add(rating)
    await session.flush()
    if due is not None:
        follow_ups.open_for(session, rating, due, case=case, at=at)
    await store.count(session, rating, by=1)


def _note(session: AsyncSession, rating: Rating, *, actor: str, subject: str) -> None:
    audit.note(
        session,
        actor=actor,
        action="case.rate",
        subject=subject,
        payload={"score": rating.score, "source": rating.source.value},
    )


def _sealed(context: Context, comment: str | None) -> bytes | None:
    return context.vault.seal(comment, context=_VAULT) if comment else None
