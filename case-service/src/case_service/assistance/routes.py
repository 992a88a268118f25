"""HTTP of assistance."""

from typing import Annotated
from uuid import UUID

from case_service.assistance import service
from case_service.assistance.schemas import AssistanceIn, AssistanceRead
from case_service.assistance.tables import Assistance
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
from tongban.db import Session
from tongban.identity import Caller, ForeignSite, Identified, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery
from tongban.problems import problems

__all__ = ["router"]

router = new_router("assistance")

Helper = Annotated[Caller, allow(Role.HELPER)]


@router.post(
    "/api/v1/cases/{case_id}/assistance",
    status_code=201,
    response_model=AssistanceRead,
    responses=problems(
        CaseNotFound,
        ForeignSite,
        CaseFinished,
        AuthorisationMissing,
        AuthorisationNotAsked,
        AuthorisationEnded,
        DeciderMayNotHelp,
    ),
)
async def record_assistance(
    case_id: UUID, body: AssistanceIn, session: Session, caller: Helper, at: Now
) -> Assistance:
    """登记帮办代办: a named helper goes along (帮办), or acts with an authorisation (代办)."""
    case = await cases.visible_for_update(session, case_id, caller)
    return await service.record(session, case, body, caller=caller, at=at)


@router.get(
    "/api/v1/cases/{case_id}/assistance",
    responses=problems(CaseNotFound, ForeignSite, CursorInvalid),
)
async def list_assistance(
    case_id: UUID, session: Session, caller: Identified, paging: PageQuery
) -> Page[AssistanceRead]:
    """帮办代办记录: who helped with a case, how, and by what right."""
    await cases.visible(session, case_id, caller)
    rows, cursor = await service.of_case(session, case_id, paging)
    items = [AssistanceRead.model_validate(row) for row in rows]
    return Page(items=items, next_cursor=cursor)
