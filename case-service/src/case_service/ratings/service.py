"""Use cases of ratings: give one, take the one a partner passes on, count them."""

from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases.rules import FINAL, Stage
from case_service.cases.tables import Case, TimelineEntry
from case_service.events import CaseRated
from case_service.ratings import rules, store
from case_service.ratings.rules import RatingSource
from case_service.ratings.schemas import RatingIn, RatingSummary
from case_service.ratings.tables import Rating
from tongban import audit, calendars
from tongban.clock import local_date
from tongban.context import Context
from tongban.identity import Caller
from tongban.messages import publish

__all__ = ["rate", "rate_by_exchange", "summary"]

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
        NotClosedYet, AlreadyRated, OwnerScoreNotApplicable: see the rules.
    """
    rules.check(
        is_closed=case.stage is Stage.CLOSED,
        # At the owner the applicant's word comes by the exchange: there is nobody else to rate.
        is_exchanged=case.exchange_id is not None and case.from_district is None,
        is_rated=await store.is_rated(session, case.id),
        owner_score=given.owner_score,
    )
    is_own = caller.subject == case.applicant_subject
    comment = given.comment
    rating = Rating(
        source=RatingSource.APPLICANT if is_own else RatingSource.TERMINAL,
        entered_by=None if is_own else caller.subject,
        score=given.score,
        owner_score=given.owner_score,
        sealed_comment=context.vault.seal(comment, context=_VAULT) if comment else None,
    )
    await _keep(session, case, rating, actor=caller.subject, at=at)
    return rating


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
    await _keep(session, case, rating, actor=f"district:{case.from_district}", at=at)


async def summary(
    session: AsyncSession, *, site_id: str | None, matter_code: str | None
) -> RatingSummary:
    """Count the ratings of a site or a matter."""
    counts = await store.counts(session, site_id=site_id, matter_code=matter_code)
    total = sum(counts.values())
    points = sum(score * count for score, count in counts.items())
    return RatingSummary(
        site_id=site_id,
        matter_code=matter_code,
        count=total,
        average=round(points / total, 2) if total else None,
        by_score={str(score): counts.get(score, 0) for score in range(rules.WORST, rules.BEST + 1)},
    )


async def _keep(
    session: AsyncSession, case: Case, rating: Rating, *, actor: str, at: datetime
) -> None:
    rating.case_id = case.id
    rating.site_id, rating.matter_code = case.site_id, case.matter_code
    rating.rated_at = at
    due = rules.call_back(rating.score, local_date(at), await calendars.load(session))
    if due is not None:
        rating.call_back_due_on = due.due_on
        rating.is_call_back_provisional = due.is_provisional
    session.add(rating)
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
    audit.note(
        session,
        actor=actor,
        action="case.rate",
        subject=str(case.id),
        payload={"score": rating.score, "source": rating.source.value},
    )
    session.add(
        TimelineEntry(
            case_id=case.id,
            at=at,
            action="rate",
            stage=case.stage,
            actor=actor,
            site_id=case.site_id,
            facts={"source": rating.source.value},
        )
    )
    await session.flush()
