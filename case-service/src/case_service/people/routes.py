"""HTTP of people's own data."""

from typing import Annotated

from case_service.people import preferences, service
from case_service.people.schemas import (
    ErasureRead,
    ExportRead,
    OnBehalfIn,
    PreferenceIn,
    PreferenceRead,
)
from case_service.people.service import Person
from tongban.app import router as new_router
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import Caller, Identified, Role, allow

__all__ = ["router"]

router = new_router("people")

Applicant = Annotated[Caller, allow(Role.CITIZEN, Role.ENTERPRISE)]
Clerk = Annotated[Caller, allow(Role.CLERK)]


@router.get("/api/v1/me/preferences")
async def read_preferences(session: Session, caller: Identified) -> PreferenceRead:
    """我的偏好: in which language I am told."""
    return await preferences.read(session, caller.subject)


@router.put("/api/v1/me/preferences")
async def change_preferences(
    body: PreferenceIn, session: Session, caller: Identified, at: Now
) -> PreferenceRead:
    """修改偏好: in which language I am told from now on."""
    return await preferences.change(session, caller.subject, body.language, at=at)


@router.get("/api/v1/me/export")
async def export_my_data(
    session: Session, context: InContext, caller: Applicant, at: Now
) -> ExportRead:
    """查阅复制个人信息: everything kept about me, unmasked; that I asked is on the record."""
    person = Person(caller.subject)
    return await service.export(session, context, person, caller=caller, evidence=None, at=at)


@router.post("/api/v1/me/erasure")
async def erase_my_data(
    session: Session, context: InContext, caller: Applicant, at: Now
) -> ErasureRead:
    """删除个人信息: erase what no law keeps of me; of the rest I am told why, and until when."""
    person = Person(caller.subject)
    return await service.erase(session, context, person, caller=caller, evidence=None, at=at)


@router.post("/api/v1/people/export")
async def export_for_person(
    body: OnBehalfIn, session: Session, context: InContext, caller: Clerk, at: Now
) -> ExportRead:
    """代为查阅复制: for a person at a window, by his written request, on the record."""
    return await service.export(
        session, context, _person(context, body), caller=caller, evidence=body.evidence, at=at
    )


@router.post("/api/v1/people/erasure")
async def erase_for_person(
    body: OnBehalfIn, session: Session, context: InContext, caller: Clerk, at: Now
) -> ErasureRead:
    """代为申请删除: for a person at a window, by his written request, on the record."""
    return await service.erase(
        session, context, _person(context, body), caller=caller, evidence=body.evidence, at=at
    )


def _person(context: InContext, body: OnBehalfIn) -> Person:
    return Person(body.subject, tuple(context.vault.blind_indexes(body.person.number)))
