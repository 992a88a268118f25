"""HTTP of what bad ratings set off: the follow-up, and the appeal."""

from typing import Annotated
from uuid import UUID

from case_service.ratings import appeals, follow_ups
from case_service.ratings.errors import (
    AppealDecidedAlready,
    AppealedAlready,
    AppealNotFound,
    FollowUpNotNow,
    OwnAppeal,
    RatingNotFound,
)
from case_service.ratings.schemas import (
    AppealIn,
    AppealRead,
    AppealReviewIn,
    FollowUpRead,
    FollowUpSummary,
    TextIn,
    VerificationIn,
)
from tongban.app import router as new_router
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import Caller, ForeignSite, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery
from tongban.problems import problems

__all__ = ["router"]

router = new_router("ratings")

FollowingUp = Annotated[Caller, allow(Role.SUPERVISOR, Role.SITE_MANAGER)]
Appealing = Annotated[
    Caller, allow(Role.CLERK, Role.HELPER, Role.REVIEWER, Role.APPROVER, Role.SITE_MANAGER)
]
Reviewing = Annotated[Caller, allow(Role.SUPERVISOR)]

_STEP = problems(RatingNotFound, ForeignSite, FollowUpNotNow)


@router.get("/api/v1/ratings/follow-ups", responses=problems(CursorInvalid))
async def list_follow_ups(
    session: Session, caller: FollowingUp, paging: PageQuery
) -> Page[FollowUpSummary]:
    """差评待办: the bad ratings that owe a step, due first."""
    items, cursor = await follow_ups.open_ones(session, paging, caller=caller)
    return Page(items=items, next_cursor=cursor)


@router.get(
    "/api/v1/ratings/{rating_id}/follow-up", responses=problems(RatingNotFound, ForeignSite)
)
async def read_follow_up(
    rating_id: UUID, session: Session, context: InContext, caller: FollowingUp
) -> FollowUpRead:
    """差评整改详情: how far the follow-up of a bad rating is."""
    found = await follow_ups.read(session, rating_id, caller=caller)
    return follow_ups.shown(found, vault=context.vault)


@router.post("/api/v1/ratings/{rating_id}/follow-up/verify", responses=_STEP)
async def verify_rating(
    rating_id: UUID,
    body: VerificationIn,
    session: Session,
    context: InContext,
    caller: FollowingUp,
    at: Now,
) -> FollowUpRead:
    """回访核实: the applicant was called; what he says is confirmed, or not."""
    found = await follow_ups.verify(session, context, rating_id, body, caller=caller, at=at)
    return follow_ups.shown(found, vault=context.vault)


@router.post("/api/v1/ratings/{rating_id}/follow-up/correct", responses=_STEP)
async def correct_rating(
    rating_id: UUID,
    body: TextIn,
    session: Session,
    context: InContext,
    caller: FollowingUp,
    at: Now,
) -> FollowUpRead:
    """整改: what was put right."""
    found = await follow_ups.correct(session, context, rating_id, body.text, caller=caller, at=at)
    return follow_ups.shown(found, vault=context.vault)


@router.post("/api/v1/ratings/{rating_id}/follow-up/answer", responses=_STEP)
async def answer_rating(
    rating_id: UUID,
    body: TextIn,
    session: Session,
    context: InContext,
    caller: FollowingUp,
    at: Now,
) -> FollowUpRead:
    """答复评价人: what came of it; the applicant may rate again."""
    found = await follow_ups.answer(session, context, rating_id, body.text, caller=caller, at=at)
    return follow_ups.shown(found, vault=context.vault)


@router.post(
    "/api/v1/ratings/{rating_id}/appeal",
    status_code=201,
    responses=problems(RatingNotFound, ForeignSite, AppealedAlready),
)
async def appeal_rating(
    rating_id: UUID,
    body: AppealIn,
    session: Session,
    context: InContext,
    caller: Appealing,
    at: Now,
) -> AppealRead:
    """申诉: hold a rating for malicious; it counts until a supervisor says otherwise."""
    made = await appeals.appeal(session, context, rating_id, body.grounds, caller=caller, at=at)
    return appeals.shown(made, vault=context.vault)


@router.get(
    "/api/v1/ratings/{rating_id}/appeal",
    responses=problems(RatingNotFound, ForeignSite, AppealNotFound),
)
async def read_appeal(
    rating_id: UUID,
    session: Session,
    context: InContext,
    caller: Annotated[
        Caller,
        allow(
            Role.CLERK,
            Role.HELPER,
            Role.REVIEWER,
            Role.APPROVER,
            Role.SITE_MANAGER,
            Role.SUPERVISOR,
        ),
    ],
) -> AppealRead:
    """申诉详情: an appeal and what was decided."""
    made = await appeals.read(session, rating_id, caller=caller)
    return appeals.shown(made, vault=context.vault)


@router.post(
    "/api/v1/ratings/{rating_id}/appeal/review",
    responses=problems(
        RatingNotFound, ForeignSite, AppealNotFound, AppealDecidedAlready, OwnAppeal
    ),
)
async def review_appeal(
    rating_id: UUID,
    body: AppealReviewIn,
    session: Session,
    context: InContext,
    caller: Reviewing,
    at: Now,
) -> AppealRead:
    """申诉复核: what is upheld no longer counts, and stays on record."""
    made = await appeals.review(session, context, rating_id, body, caller=caller, at=at)
    return appeals.shown(made, vault=context.vault)
