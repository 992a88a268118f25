"""HTTP of ratings: giving one, reading one, counting them."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query

from case_service.cases import service as cases
from case_service.errors import (
    AlreadyRated,
    CaseNotFound,
    NotClosedYet,
    OwnerScoreNotApplicable,
    ProgressNotFound,
    TooManyTries,
)
from case_service.ratings import follow_ups, service
from case_service.ratings.errors import (
    ContactRatedAlready,
    ContactTooLongAgo,
    ContactUnknown,
    FollowUpNotNow,
    RatingNotFound,
    RatingPlaceMissing,
    StaffDoNotRate,
)
from case_service.ratings.schemas import (
    FollowUpRead,
    RatingByReceiptIn,
    RatingIn,
    RatingRead,
    RatingSummary,
    ScoreIn,
)
from tongban.app import router as new_router
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import Caller, ForeignSite, Identified, MaybeCaller, Role, allow
from tongban.paging import CursorInvalid, PageQuery
from tongban.problems import problems
from tongban.texts import Code

__all__ = ["router"]

router = new_router("ratings")

Rater = Annotated[Caller, allow(Role.CITIZEN, Role.ENTERPRISE)]
Staff = Annotated[
    Caller,
    allow(
        Role.CLERK,
        Role.REVIEWER,
        Role.APPROVER,
        Role.SUPERVISOR,
        Role.SITE_MANAGER,
        Role.ADMIN,
        Role.OPS,
    ),
]


@router.post(
    "/api/v1/cases/{case_id}/rating",
    status_code=201,
    responses=problems(
        CaseNotFound, StaffDoNotRate, NotClosedYet, AlreadyRated, OwnerScoreNotApplicable
    ),
)
async def rate_case(
    case_id: UUID,
    body: RatingIn,
    session: Session,
    context: InContext,
    caller: Rater,
    at: Now,
) -> RatingRead:
    """评价办件（好差评，一事一评）: the applicant's rating of his closed case; a score of 1 or 2 is
    called back within five working days. Staff neither rate nor enter a rating for anybody."""
    case = await cases.visible_for_update(session, case_id, caller)
    rating = await service.rate(session, context, case, body, caller=caller, at=at)
    return service.shown(rating, vault=context.vault, reader=caller)


@router.get(
    "/api/v1/cases/{case_id}/rating",
    responses=problems(CaseNotFound, ForeignSite, RatingNotFound),
)
async def read_rating(
    case_id: UUID, session: Session, context: InContext, caller: Identified
) -> RatingRead:
    """查看评价: a case's rating, once it is given; what was written is for few."""
    await cases.visible(session, case_id, caller)
    rating = await service.of_case(session, case_id)
    return service.shown(rating, vault=context.vault, reader=caller)


@router.get(
    "/api/v1/cases/{case_id}/rating/follow-up",
    responses=problems(CaseNotFound, ForeignSite, RatingNotFound),
)
async def read_follow_up_of_case(
    case_id: UUID, session: Session, context: InContext, caller: Rater
) -> FollowUpRead:
    """差评办理结果: what came of my bad rating, and whether I can rate again."""
    await cases.visible(session, case_id, caller)
    rating = await service.of_case(session, case_id)
    found = await follow_ups.read(session, rating.id, caller=caller)
    return follow_ups.shown(found, vault=context.vault)


@router.post(
    "/api/v1/cases/{case_id}/rating/again",
    responses=problems(CaseNotFound, RatingNotFound, FollowUpNotNow),
)
async def rate_case_again(
    case_id: UUID, body: ScoreIn, session: Session, context: InContext, caller: Rater, at: Now
) -> FollowUpRead:
    """再次评价: once, after a bad rating was answered; the first score stays what is counted."""
    await cases.visible_for_update(session, case_id, caller)
    rating = await service.of_case(session, case_id)
    found = await follow_ups.rate_again(
        session, context, rating, body.score, actor=caller.subject, at=at
    )
    return follow_ups.shown(found, vault=context.vault)


@router.post(
    "/api/v1/ratings",
    status_code=201,
    responses=problems(
        StaffDoNotRate,
        RatingPlaceMissing,
        ContactUnknown,
        ContactRatedAlready,
        ContactTooLongAgo,
        ProgressNotFound,
        TooManyTries,
        CaseNotFound,
        NotClosedYet,
        AlreadyRated,
        OwnerScoreNotApplicable,
    ),
)
async def rate_by_receipt(
    body: RatingByReceiptIn, session: Session, context: InContext, caller: MaybeCaller, at: Now
) -> RatingRead:
    """凭取号单或回执评价（一次一评、一事一评）: at the window's terminal or by the code on the
    paper, without an account; a contact by its ticket, a closed case by number and tail."""
    rating = await service.rate_by_receipt(session, context, body, caller=caller, at=at)
    return service.shown(rating, vault=context.vault, reader=None)


@router.get("/api/v1/ratings/summary", responses=problems(ForeignSite, CursorInvalid))
async def summarise_ratings(
    session: Session,
    caller: Staff,
    paging: PageQuery,
    site_id: Annotated[Code | None, Query(description="网点 / of one site")] = None,
    window_id: Annotated[UUID | None, Query(description="窗口，与网点同用 / of a window")] = None,
    matter_code: Annotated[Code | None, Query(description="事项编码 / of one matter")] = None,
    by: Annotated[
        Literal["site", "window", "matter"] | None,
        Query(description="分组：网点、窗口、事项 / parts by site, window or matter"),
    ] = None,
) -> RatingSummary:
    """评价统计: how many ratings of each score and their average, and the same by site, window or
    matter; the cost does not grow with the ratings."""
    caller.require_site(site_id)
    return await service.summary(
        session,
        paging,
        site_id=site_id or caller.site_id,
        window_id=window_id,
        matter_code=matter_code,
        by=by,
    )
