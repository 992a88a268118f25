"""HTTP of assistance and authorities."""

from typing import Annotated
from uuid import UUID

from case_service.assistance import authorities, service
from case_service.assistance.errors import (
    AuthorityDatesWrong,
    AuthorityEnded,
    AuthorityEvidenceMissing,
    AuthorityNotFound,
    AuthorityOutOfScope,
    AuthorityRevokedAlready,
    OwnAgent,
)
from case_service.assistance.rules import Authorisation
from case_service.assistance.schemas import (
    AgentIn,
    AssistanceIn,
    AssistanceRead,
    AuthorityIn,
    AuthorityRead,
    RecordedAuthorityIn,
)
from case_service.cases import service as cases
from case_service.errors import (
    AuthorisationEnded,
    AuthorisationMissing,
    AuthorisationNotAsked,
    CaseFinished,
    CaseNotFound,
    DeciderMayNotHelp,
)
from tongban.app import router as new_router
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import Caller, ForeignSite, Identified, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery
from tongban.problems import problems

__all__ = ["router"]

router = new_router("assistance")

Helper = Annotated[Caller, allow(Role.HELPER)]
Principal = Annotated[Caller, allow(Role.CITIZEN, Role.ENTERPRISE)]
Clerk = Annotated[Caller, allow(Role.CLERK)]
EitherSide = Annotated[Caller, allow(Role.CITIZEN, Role.ENTERPRISE, Role.CLERK)]


@router.post(
    "/api/v1/cases/{case_id}/assistance",
    status_code=201,
    responses=problems(
        CaseNotFound,
        ForeignSite,
        CaseFinished,
        AuthorisationMissing,
        AuthorisationNotAsked,
        AuthorisationEnded,
        AuthorityEvidenceMissing,
        DeciderMayNotHelp,
    ),
)
async def record_assistance(
    case_id: UUID, body: AssistanceIn, session: Session, caller: Helper, at: Now
) -> AssistanceRead:
    """登记帮办代办: a named helper goes along (帮办), or acts with an authorisation (代办)."""
    case = await cases.visible_for_update(session, case_id, caller)
    return service.shown(await service.record(session, case, body, caller=caller, at=at))


@router.get(
    "/api/v1/cases/{case_id}/assistance",
    responses=problems(CaseNotFound, ForeignSite, CursorInvalid),
)
async def list_assistance(
    case_id: UUID, session: Session, caller: Identified, paging: PageQuery
) -> Page[AssistanceRead]:
    """帮办代办记录: who helped with a case, by what right, and everything he did."""
    await cases.visible(session, case_id, caller)
    items, cursor = await service.of_case(session, case_id, paging)
    return Page(items=items, next_cursor=cursor)


@router.post(
    "/api/v1/me/authorities",
    status_code=201,
    responses=problems(OwnAgent, AuthorityDatesWrong),
)
async def give_authority(
    body: AuthorityIn, session: Session, context: InContext, caller: Principal, at: Now
) -> AuthorityRead:
    """网上授权代办: I let an agent or one of my family act for me, in what and until when."""
    authority = await authorities.give(
        session,
        context,
        body,
        principal_subject=caller.subject,
        principal_number=None,
        way=Authorisation.ONLINE,
        evidence=None,
        recorded_by=caller.subject,
        at=at,
    )
    return authorities.shown(authority, vault=context.vault, today=at)


@router.get("/api/v1/me/authorities", responses=problems(CursorInvalid))
async def list_my_authorities(
    session: Session, context: InContext, caller: Identified, paging: PageQuery, at: Now
) -> Page[AuthorityRead]:
    """我的代办授权: what I gave and what I was given, newest first."""
    rows, cursor = await authorities.of_account(session, caller.subject, paging)
    items = [authorities.shown(row, vault=context.vault, today=at) for row in rows]
    return Page(items=items, next_cursor=cursor)


@router.post(
    "/api/v1/authorities",
    status_code=201,
    responses=problems(OwnAgent, AuthorityEvidenceMissing, AuthorityDatesWrong),
)
async def record_authority(
    body: RecordedAuthorityIn, session: Session, context: InContext, caller: Clerk, at: Now
) -> AuthorityRead:
    """登记代办授权: what a person said at a window, on paper or by fingerprint."""
    authority = await authorities.give(
        session,
        context,
        body,
        principal_subject=body.subject,
        principal_number=body.person.number,
        way=body.way,
        evidence=body.evidence,
        recorded_by=caller.subject,
        at=at,
    )
    return authorities.shown(authority, vault=context.vault, today=at)


@router.post(
    "/api/v1/authorities/{authority_id}/revoke",
    responses=problems(AuthorityNotFound, AuthorityRevokedAlready),
)
async def revoke_authority(
    authority_id: UUID, session: Session, context: InContext, caller: EitherSide, at: Now
) -> AuthorityRead:
    """撤销代办授权: from now on; what was done by it before stays done."""
    authority = await authorities.revoke(session, authority_id, caller=caller, at=at)
    return authorities.shown(authority, vault=context.vault, today=at)


@router.post(
    "/api/v1/cases/{case_id}/agents",
    responses=problems(CaseNotFound, AuthorityNotFound, AuthorityEnded, AuthorityOutOfScope),
)
async def attach_agent(
    case_id: UUID,
    body: AgentIn,
    session: Session,
    context: InContext,
    caller: EitherSide,
    at: Now,
) -> AuthorityRead:
    """登记代办人: an agent enters a case that the applicant handed in, by his authority."""
    case = await cases.get_for_update(session, case_id)
    authority = await authorities.attach(session, case, body.authority_id, caller=caller, at=at)
    return authorities.shown(authority, vault=context.vault, today=at)
