"""HTTP of ratings."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from case_service.cases import service as cases
from case_service.errors import (
    AlreadyRated,
    CaseNotFound,
    NotClosedYet,
    OwnerScoreNotApplicable,
)
from case_service.ratings import service
from case_service.ratings.schemas import RatingIn, RatingRead, RatingSummary
from case_service.ratings.tables import Rating
from tongban.app import router as new_router
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import Caller, ForeignSite, Role, allow
from tongban.problems import problems
from tongban.texts import Code

__all__ = ["router"]

router = new_router("ratings")

Rater = Annotated[Caller, allow(Role.CITIZEN, Role.ENTERPRISE, Role.CLERK, Role.HELPER)]
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
    response_model=RatingRead,
    responses=problems(
        CaseNotFound, ForeignSite, NotClosedYet, AlreadyRated, OwnerScoreNotApplicable
    ),
)
async def rate_case(
    case_id: UUID,
    body: RatingIn,
    session: Session,
    context: InContext,
    caller: Rater,
    at: Now,
) -> Rating:
    """评价办件（好差评，一事一评）: the applicant's rating of a closed case, given by himself or
    on a window's terminal; a score of 1 or 2 is called back within five working days."""
    case = await cases.visible_for_update(session, case_id, caller)
    return await service.rate(session, context, case, body, caller=caller, at=at)


@router.get("/api/v1/ratings/summary", responses=problems(ForeignSite))
async def summarise_ratings(
    session: Session,
    caller: Staff,
    site_id: Annotated[Code | None, Query(description="网点 / of one site")] = None,
    matter_code: Annotated[Code | None, Query(description="事项编码 / of one matter")] = None,
) -> RatingSummary:
    """评价统计: how many ratings of each score and their average, of a site or a matter."""
    caller.require_site(site_id)
    return await service.summary(
        session, site_id=site_id or caller.site_id, matter_code=matter_code
    )
