"""HTTP of partners, agreements and matter offers."""

from typing import Annotated

from fastapi import Query, Request, Response

from interop_service.errors import PartnerNotFound
from interop_service.partners import lines, service, transfer
from interop_service.partners.schemas import (
    AgreementIn,
    AgreementRead,
    DistrictCode,
    ImportReport,
    MatterOfferIn,
    MatterOfferRead,
    PartnerRead,
    PartnersImport,
    PauseIn,
    SuspensionIn,
)
from interop_service.partners.tables import Partner
from interop_service.refusals import ImportRefused, KeyNotFound
from tongban import app, etags
from tongban.clock import Now, local_date
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import Caller, Identified, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery, page_of
from tongban.problems import problems

__all__ = ["router"]

router = app.router("partners")
Admin = Annotated[Caller, allow(Role.ADMIN)]
Operator = Annotated[Caller, allow(Role.ADMIN, Role.OPS)]


@router.get("/api/v1/partners", responses=problems(CursorInvalid))
async def list_partners(
    session: Session, paging: PageQuery, _caller: Identified
) -> Page[PartnerRead]:
    """合作区列表: the districts that exchange cases with this one."""
    rows = await service.partners_page(session, paging)
    page, cursor = page_of(rows, paging, key=lambda row: (row.district,))
    return Page(items=[PartnerRead.model_validate(row) for row in page], next_cursor=cursor)


@router.post("/api/v1/partners/import", responses=problems(ImportRefused))
async def import_partners(
    given: PartnersImport,
    session: Session,
    context: InContext,
    caller: Admin,
    at: Now,
    dry_run: Annotated[bool, Query(description="只校验不保存 / check only, keep nothing")] = False,
) -> ImportReport:
    """导入合作区、协议、跨区通办事项: all rows or none; the same file again changes nothing."""
    return await transfer.bring_in(
        session,
        given,
        own_district=context.settings.district,
        on=local_date(at),
        is_dry_run=dry_run,
        actor=caller.subject,
    )


@router.get(
    "/api/v1/partners/{district}",
    response_model=PartnerRead,
    responses=problems(PartnerNotFound),
)
async def read_partner(
    district: DistrictCode,
    request: Request,
    response: Response,
    session: Session,
    _caller: Identified,
) -> Partner:
    """合作区详情: one partner, its address, its keys, and whether it is connected."""
    row = await service.partner(session, district)
    etags.offer(request, response, row.version)
    return row


@router.post(
    "/api/v1/partners/{district}/keys/{key_id}/revoke",
    response_model=PartnerRead,
    responses=problems(PartnerNotFound, KeyNotFound),
)
async def revoke_key(
    district: DistrictCode, key_id: str, session: Session, caller: Admin
) -> Partner:
    """吊销合作区公钥: believe one of the partner's keys no longer, from now on."""
    return await service.revoke_key(session, district, key_id, actor=caller.subject)


@router.put(
    "/api/v1/partners/{district}/suspension",
    response_model=PartnerRead,
    responses=problems(PartnerNotFound),
)
async def suspend_partner(
    district: DistrictCode, given: SuspensionIn, session: Session, caller: Admin
) -> Partner:
    """暂停或恢复合作区: neither hear a partner nor send to it; one administrator is enough."""
    return await service.suspend(
        session, district, is_suspended=given.is_suspended, actor=caller.subject
    )


@router.put(
    "/api/v1/partners/{district}/pause",
    response_model=PartnerRead,
    responses=problems(PartnerNotFound),
)
async def pause_partner(
    district: DistrictCode, given: PauseIn, session: Session, caller: Operator
) -> Partner:
    """对方停机维护: send the partner nothing until then; what waits goes afterwards."""
    return await lines.pause(session, district, until=given.until, actor=caller.subject)


@router.get("/api/v1/agreements", responses=problems(CursorInvalid))
async def list_agreements(
    session: Session,
    paging: PageQuery,
    _caller: Identified,
    partner: Annotated[DistrictCode | None, Query()] = None,
) -> Page[AgreementRead]:
    """跨区通办协议列表: what goes between this district and its partners."""
    rows = await service.agreements_page(session, paging, partner=partner)
    page, cursor = page_of(rows, paging, key=lambda row: (row.code,))
    return Page(items=[AgreementRead.model_validate(row) for row in page], next_cursor=cursor)


@router.post("/api/v1/agreements", responses=problems(ImportRefused))
async def keep_agreement(
    given: AgreementIn, session: Session, context: InContext, caller: Admin, at: Now
) -> ImportReport:
    """登记协议: keep one agreement, new or changed."""
    return await transfer.keep(
        session,
        given,
        own_district=context.settings.district,
        on=local_date(at),
        actor=caller.subject,
    )


@router.get("/api/v1/matter-offers", responses=problems(CursorInvalid))
async def list_matter_offers(
    session: Session,
    paging: PageQuery,
    _caller: Identified,
    owner_district: Annotated[DistrictCode | None, Query()] = None,
) -> Page[MatterOfferRead]:
    """跨区通办事项列表: the matters offered across districts, theirs and ours."""
    rows = await service.offers_page(session, paging, owner_district=owner_district)
    page, cursor = page_of(rows, paging, key=lambda row: (row.id,))
    return Page(items=[MatterOfferRead.model_validate(row) for row in page], next_cursor=cursor)


@router.post("/api/v1/matter-offers", responses=problems(ImportRefused))
async def keep_matter_offer(
    given: MatterOfferIn, session: Session, context: InContext, caller: Admin, at: Now
) -> ImportReport:
    """登记跨区通办事项: keep one offer, new or changed; changed content is a new version."""
    return await transfer.keep(
        session,
        given,
        own_district=context.settings.district,
        on=local_date(at),
        actor=caller.subject,
    )
