"""HTTP of the lines to partners: pings that come in, self-tests that go out, maintenance."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Query

from interop_service.errors import MessageUnreadable, PartnerNotFound
from interop_service.exchanges.door import PROOF, SignedPartner, signed_router
from interop_service.exchanges.protocol import TREE
from interop_service.keys import own_keys
from interop_service.links import service
from interop_service.links.schemas import MaintenanceIn, MaintenanceRead, Pong, SelfTestRead
from interop_service.links.tables import Maintenance
from interop_service.partners.schemas import DistrictCode
from interop_service.refusals import MaintenanceNotFound, PartnerNotActive
from interop_service.suites import Suite
from tongban import app
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import Caller, MaybeCaller, Role, allow
from tongban.problems import problems

__all__ = ["router"]

router = app.router("partners")
Operator = Annotated[Caller, allow(Role.ADMIN, Role.OPS)]


@signed_router.post(f"{TREE}/ping", responses=problems(*PROOF, MessageUnreadable))
async def answer_ping(
    signed: SignedPartner, context: InContext, at: Now, _caller: MaybeCaller
) -> Pong:
    """应答自检: tell a partner, signed, that its signed message came through, and our time."""
    signed.require_addressed(context.settings.district)
    return Pong(
        district=context.settings.district, at=at, suites=list(own_keys(context).suites(at))
    )


@router.post(
    "/api/v1/partners/{district}/self-test",
    responses=problems(PartnerNotFound, PartnerNotActive),
)
async def check_line(
    district: DistrictCode,
    session: Session,
    context: InContext,
    at: Now,
    _caller: Operator,
    suite: Annotated[Suite, Query()] = Suite.ED25519_SHA256,
) -> SelfTestRead:
    """线路自检: send the partner a signed ping and verify its signed answer."""
    return await service.self_test(session, context, district, suite=suite, at=at)


@router.get("/api/v1/partners/maintenance/windows", response_model=list[MaintenanceRead])
async def list_maintenance(session: Session, at: Now, _caller: Operator) -> Sequence[Maintenance]:
    """停机维护: this district's maintenance, under way or to come."""
    return await service.maintenances(session, at=at)


@router.post(
    "/api/v1/partners/maintenance/windows", status_code=201, response_model=MaintenanceRead
)
async def announce_maintenance(
    given: MaintenanceIn, session: Session, caller: Operator
) -> Maintenance:
    """登记停机维护: partners' messages are answered 503 with the time to wait, and come again."""
    return await service.announce(session, given, actor=caller.subject)


@router.post(
    "/api/v1/partners/maintenance/windows/{maintenance_id}/end",
    response_model=MaintenanceRead,
    responses=problems(MaintenanceNotFound),
)
async def end_maintenance(
    maintenance_id: UUID, session: Session, at: Now, caller: Operator
) -> Maintenance:
    """结束停机维护: take messages again, or call a coming maintenance off."""
    return await service.end_maintenance(session, maintenance_id, actor=caller.subject, at=at)
