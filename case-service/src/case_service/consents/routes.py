"""HTTP of consents."""

from typing import Annotated
from uuid import UUID

from case_service.consents import service
from case_service.consents.errors import (
    ConsentEvidenceMissing,
    ConsentNotFound,
    ConsentNotRevocable,
    ConsentOver,
    ConsentRevokedAlready,
)
from case_service.consents.rules import ConsentWay
from case_service.consents.schemas import ConsentIn, ConsentRead, RecordedConsentIn
from case_service.consents.tables import Consent
from case_service.people.schemas import PersonRef
from tongban import audit
from tongban.app import router as new_router
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import Caller, Identified, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery
from tongban.problems import problems

__all__ = ["router"]

router = new_router("consents")

Applicant = Annotated[Caller, allow(Role.CITIZEN, Role.ENTERPRISE)]
Clerk = Annotated[Caller, allow(Role.CLERK)]
Revoking = Annotated[Caller, allow(Role.CITIZEN, Role.ENTERPRISE, Role.CLERK)]


@router.post(
    "/api/v1/me/consents",
    status_code=201,
    response_model=ConsentRead,
    responses=problems(ConsentOver),
)
async def give_consent(body: ConsentIn, session: Session, caller: Applicant, at: Now) -> Consent:
    """授权同意: I agree to one purpose, within a scope and until a time."""
    return await service.give(
        session,
        subject=caller.subject,
        identity_index=None,
        way=ConsentWay.ONLINE,
        evidence=None,
        recorded_by=caller.subject,
        at=at,
        **body.model_dump(),
    )


@router.get("/api/v1/me/consents", responses=problems(CursorInvalid))
async def list_my_consents(
    session: Session, caller: Identified, paging: PageQuery
) -> Page[ConsentRead]:
    """我的授权同意: what I agreed to, newest first, with what is over."""
    rows, cursor = await service.of_person(session, subject=caller.subject, paging=paging)
    return Page(items=[ConsentRead.model_validate(row) for row in rows], next_cursor=cursor)


@router.post(
    "/api/v1/consents",
    status_code=201,
    response_model=ConsentRead,
    responses=problems(ConsentEvidenceMissing, ConsentOver),
)
async def record_consent(
    body: RecordedConsentIn, session: Session, context: InContext, caller: Clerk, at: Now
) -> Consent:
    """登记授权同意: what a person agreed to at a window, on paper or by fingerprint."""
    told = body.model_dump(exclude={"person"})
    return await service.give(
        session,
        identity_index=context.vault.blind_index(body.person.number),
        recorded_by=caller.subject,
        at=at,
        **told,
    )


@router.post("/api/v1/consents/search", responses=problems(CursorInvalid))
async def find_consents(
    body: PersonRef, session: Session, context: InContext, caller: Clerk, paging: PageQuery
) -> Page[ConsentRead]:
    """查询授权同意: what the person at the window agreed to, by his number; on the record."""
    indexes = context.vault.blind_indexes(body.number)
    rows, cursor = await service.of_person(
        session, subject=None, identity_indexes=indexes, paging=paging
    )
    audit.note(
        session,
        actor=caller.subject,
        action="consent.search",
        subject="person",
        payload={"found": len(rows)},
    )
    await session.flush()
    return Page(items=[ConsentRead.model_validate(row) for row in rows], next_cursor=cursor)


@router.post(
    "/api/v1/consents/{consent_id}/revoke",
    response_model=ConsentRead,
    responses=problems(ConsentNotFound, ConsentNotRevocable, ConsentRevokedAlready),
)
async def revoke_consent(consent_id: UUID, session: Session, caller: Revoking, at: Now) -> Consent:
    """撤回同意: take a consent back; what was done by it before stays lawful."""
    return await service.revoke(session, consent_id, caller=caller, at=at)
