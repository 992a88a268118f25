"""HTTP of evidence."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from interop_service.errors import PartnerNotFound
from interop_service.evidence import service
from interop_service.evidence.schemas import AnchorRead, EvidenceFile
from interop_service.partners.schemas import DistrictCode
from interop_service.refusals import ExchangeNotFound
from tongban import app
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import Caller, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery, page_of
from tongban.problems import problems

__all__ = ["router"]

router = app.router("evidence")

Auditor = Annotated[Caller, allow(Role.SUPERVISOR, Role.ADMIN, Role.OPS)]


@router.get("/api/v1/exchanges/{exchange_id}/evidence", responses=problems(ExchangeNotFound))
async def read_evidence(
    exchange_id: UUID,
    response: Response,
    session: Session,
    context: InContext,
    at: Now,
    _caller: Auditor,
    bodies: Annotated[
        bool, Query(description="连同报文正文 / the messages' bodies too, while they are kept")
    ] = False,
) -> EvidenceFile:
    """证据文件: what proves an exchange to a third party off line, by `tongban-verify`."""
    told = await service.evidence_of(session, context, exchange_id, bodies=bodies, at=at)
    response.headers["Content-Disposition"] = f'attachment; filename="evidence-{exchange_id}.json"'
    response.headers["Cache-Control"] = "private, no-store"
    return told


@router.get(
    "/api/v1/partners/{district}/anchors", responses=problems(PartnerNotFound, CursorInvalid)
)
async def list_anchors(
    district: DistrictCode, session: Session, paging: PageQuery, _caller: Auditor
) -> Page[AnchorRead]:
    """对方存证: a partner's signed checkpoints that are kept here, newest first."""
    rows = await service.anchors_page(session, district, paging)
    page, cursor = page_of(rows, paging, key=lambda row: (row.seq,))
    return Page(items=[AnchorRead.model_validate(row) for row in page], next_cursor=cursor)
