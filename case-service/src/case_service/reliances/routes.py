"""HTTP of cases that rest on partners' documents."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from case_service.errors import CaseFinished, CaseNotFound
from case_service.materials.errors import MaterialUnknown
from case_service.reliances import service
from case_service.reliances.errors import PartnerProofNotFound, ProofProvesNothing
from case_service.reliances.schemas import AffectedCase, RelianceRead, RelyIn
from case_service.reliances.tables import Reliance
from case_service.reliances.vocabulary import RelianceState
from tongban import etags
from tongban.app import router as new_router
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.etags import IfMatch, StaleVersion
from tongban.identity import Caller, ForeignSite, Identified, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery, page_of
from tongban.problems import problems
from tongban.texts import Code, Line

__all__ = ["router"]

router = new_router("reliances")

AtWork = Annotated[Caller, allow(Role.CLERK, Role.REVIEWER, Role.APPROVER)]
Watching = Annotated[Caller, allow(Role.SUPERVISOR, Role.APPROVER, Role.ADMIN)]


@router.post(
    "/api/v1/cases/{case_id}/reliances",
    status_code=201,
    response_model=RelianceRead,
    responses=problems(
        CaseNotFound,
        ForeignSite,
        StaleVersion,
        CaseFinished,
        MaterialUnknown,
        PartnerProofNotFound,
        ProofProvesNothing,
    ),
)
async def rely_on_proof(
    case_id: UUID,
    body: RelyIn,
    response: Response,
    session: Session,
    context: InContext,
    caller: AtWork,
    if_match: IfMatch,
    at: Now,
) -> Reliance:
    """采信: prove a material by a partner's document, verified or fetched for this matter."""
    reliance, version = await service.rely(
        session, context, case_id, body, caller=caller, at=at, if_match=if_match
    )
    response.headers["ETag"] = etags.etag(version)
    return reliance


@router.get(
    "/api/v1/cases/{case_id}/reliances",
    response_model=list[RelianceRead],
    responses=problems(CaseNotFound, ForeignSite),
)
async def list_reliances_of_case(
    case_id: UUID, session: Session, caller: Identified
) -> Sequence[Reliance]:
    """办件的采信记录: what a case rests on of partners' documents, and how that stands now."""
    return await service.of_case(session, case_id, caller)


@router.get("/api/v1/supervision/affected-cases", responses=problems(CursorInvalid))
async def list_affected_cases(
    session: Session,
    _caller: Watching,
    paging: PageQuery,
    state: RelianceState | None = None,
    issuer_district: Annotated[Code | None, Query(description="签发区 / issuer")] = None,
    document_number: Annotated[Line | None, Query(description="证照编号 / number")] = None,
) -> Page[AffectedCase]:
    """受影响办件: cases that rest on what is disputed or stands no more, newest first."""
    rows = await service.affected(
        session,
        paging,
        state=state,
        issuer_district=issuer_district,
        document_number=document_number,
    )
    page, cursor = page_of(rows, paging, key=lambda row: (row["id"],))
    return Page(items=[AffectedCase.model_validate(dict(row)) for row in page], next_cursor=cursor)
