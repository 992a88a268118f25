"""HTTP of enquiries."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from case_service.enquiries import service
from case_service.enquiries.errors import (
    ContactMissing,
    EnquiryAnsweredAlready,
    EnquiryNotAnsweredYet,
    EnquiryNotFound,
    EnquiryOver,
    SupervisorAnswers,
)
from case_service.enquiries.rules import EnquiryKind
from case_service.enquiries.schemas import (
    AnswerIn,
    CommonQuestion,
    CommonQuestionIn,
    EnquiryIn,
    EnquiryRead,
)
from case_service.errors import CaseNotFound
from tongban.app import router as new_router
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import Caller, ForeignSite, Identified, MaybeCaller, NotAllowed, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery
from tongban.problems import problems
from tongban.texts import Code

__all__ = ["router"]

router = new_router("enquiries")

Asking = Annotated[Caller, allow(Role.CITIZEN, Role.ENTERPRISE, Role.CLERK, Role.HELPER)]
Answering = Annotated[Caller, allow(Role.CLERK, Role.SITE_MANAGER, Role.SUPERVISOR)]
Publishing = Annotated[Caller, allow(Role.SITE_MANAGER, Role.SUPERVISOR)]
Withdrawing = Annotated[Caller, allow(Role.CITIZEN, Role.ENTERPRISE, Role.CLERK)]


@router.post(
    "/api/v1/enquiries",
    status_code=201,
    responses=problems(CaseNotFound, ForeignSite, ContactMissing),
)
async def ask(
    body: EnquiryIn, session: Session, context: InContext, caller: Asking, at: Now
) -> EnquiryRead:
    """提交咨询投诉: a question or a complaint, with the day by which it is answered."""
    enquiry = await service.ask(session, context, body, caller=caller, at=at)
    return service.shown(enquiry, vault=context.vault, is_listed=False)


@router.get("/api/v1/enquiries", responses=problems(CursorInvalid))
async def list_open_enquiries(
    session: Session,
    context: InContext,
    caller: Answering,
    paging: PageQuery,
    kind: Annotated[EnquiryKind | None, Query(description="咨询或投诉 / which kind")] = None,
    is_escalated: Annotated[
        bool | None, Query(alias="escalated", description="已升级督办 / gone to the supervisor")
    ] = None,
) -> Page[EnquiryRead]:
    """待答复咨询投诉: what is to be answered, due first."""
    rows, cursor = await service.open_ones(
        session, paging, caller=caller, kind=kind, is_escalated=is_escalated
    )
    items = [service.shown(row, vault=context.vault, is_listed=True) for row in rows]
    return Page(items=items, next_cursor=cursor)


@router.get("/api/v1/me/enquiries", responses=problems(CursorInvalid))
async def list_my_enquiries(
    session: Session, context: InContext, caller: Identified, paging: PageQuery
) -> Page[EnquiryRead]:
    """我的咨询投诉: what I asked and how I was answered, newest first."""
    rows, cursor = await service.of_subject(session, caller.subject, paging)
    items = [service.shown(row, vault=context.vault, is_listed=False) for row in rows]
    return Page(items=items, next_cursor=cursor)


@router.get("/api/v1/enquiries/common", responses=problems(CursorInvalid))
async def list_common_questions(
    session: Session,
    _caller: MaybeCaller,
    paging: PageQuery,
    matter_code: Annotated[Code | None, Query(description="事项编码 / of one matter")] = None,
) -> Page[CommonQuestion]:
    """常见问题: what was often asked, for everybody."""
    items, cursor = await service.common(session, paging, matter_code=matter_code)
    return Page(items=items, next_cursor=cursor)


@router.get("/api/v1/enquiries/{enquiry_id}", responses=problems(EnquiryNotFound, ForeignSite))
async def read_enquiry(
    enquiry_id: UUID, session: Session, context: InContext, caller: Identified
) -> EnquiryRead:
    """咨询投诉详情: one enquiry with its answer; a staff member's look is on the record."""
    enquiry = await service.read(session, enquiry_id, caller=caller)
    return service.shown(enquiry, vault=context.vault, is_listed=False)


@router.post(
    "/api/v1/enquiries/{enquiry_id}/answer",
    responses=problems(
        EnquiryNotFound,
        ForeignSite,
        NotAllowed,
        EnquiryAnsweredAlready,
        EnquiryOver,
        SupervisorAnswers,
    ),
)
async def answer_enquiry(
    enquiry_id: UUID,
    body: AnswerIn,
    session: Session,
    context: InContext,
    caller: Answering,
    at: Now,
) -> EnquiryRead:
    """答复咨询投诉: once; a complaint by the site's manager, an overdue one by a supervisor."""
    enquiry = await service.answer(session, context, enquiry_id, body, caller=caller, at=at)
    return service.shown(enquiry, vault=context.vault, is_listed=False)


@router.post(
    "/api/v1/enquiries/{enquiry_id}/withdraw",
    responses=problems(EnquiryNotFound, ForeignSite, EnquiryAnsweredAlready, EnquiryOver),
)
async def withdraw_enquiry(
    enquiry_id: UUID, session: Session, context: InContext, caller: Withdrawing, at: Now
) -> EnquiryRead:
    """撤回咨询投诉: by whoever asked, or by a clerk before whom he says so."""
    enquiry = await service.withdraw(session, enquiry_id, caller=caller, at=at)
    return service.shown(enquiry, vault=context.vault, is_listed=False)


@router.post(
    "/api/v1/enquiries/{enquiry_id}/common",
    responses=problems(EnquiryNotFound, ForeignSite, EnquiryNotAnsweredYet),
)
async def publish_common_question(
    enquiry_id: UUID, body: CommonQuestionIn, session: Session, caller: Publishing, at: Now
) -> CommonQuestion:
    """发布常见问题: make a common question of an answered enquiry, reworded for everybody."""
    return await service.publish_common(session, enquiry_id, body, caller=caller, at=at)
