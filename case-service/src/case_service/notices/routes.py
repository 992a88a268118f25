"""HTTP of notices."""

from typing import Annotated
from uuid import UUID

from case_service.cases import service as cases
from case_service.errors import CaseNotFound
from case_service.notices import service
from case_service.notices.errors import NoticeNotFound, NoticeOnItsWay
from case_service.notices.schemas import NoticeRead
from tongban.app import router as new_router
from tongban.clock import Now
from tongban.db import Session
from tongban.identity import Caller, ForeignSite, Identified, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery
from tongban.problems import problems

__all__ = ["router"]

router = new_router("notices")

Clerk = Annotated[Caller, allow(Role.CLERK)]


@router.get(
    "/api/v1/cases/{case_id}/notices",
    responses=problems(CaseNotFound, ForeignSite, CursorInvalid),
)
async def list_notices(
    case_id: UUID, session: Session, caller: Identified, paging: PageQuery
) -> Page[NoticeRead]:
    """办件通知: what the applicant of a case was told, and how it reached him."""
    await cases.visible(session, case_id, caller)
    rows, cursor = await service.of_case(session, case_id, paging)
    items = [service.shown(row, is_staff=caller.is_staff) for row in rows]
    return Page(items=items, next_cursor=cursor)


@router.get("/api/v1/me/notices", responses=problems(CursorInvalid))
async def list_my_notices(
    session: Session, caller: Identified, paging: PageQuery
) -> Page[NoticeRead]:
    """我的通知: what I was told, newest first; here whatever else failed."""
    rows, cursor = await service.of_subject(session, caller.subject, paging)
    items = [service.shown(row, is_staff=False) for row in rows]
    return Page(items=items, next_cursor=cursor)


@router.post(
    "/api/v1/cases/{case_id}/notices/{notice_id}/send-again",
    responses=problems(CaseNotFound, ForeignSite, NoticeNotFound, NoticeOnItsWay),
)
async def send_notice_again(
    case_id: UUID, notice_id: UUID, session: Session, caller: Clerk, at: Now
) -> NoticeRead:
    """重发通知: send again what failed for good or reached nobody."""
    case = await cases.visible(session, case_id, caller)
    notice = await service.send_again(session, case, notice_id, caller=caller, at=at)
    return service.shown(notice, is_staff=True)
