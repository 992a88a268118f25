"""HTTP of the register of what counts as equal."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from interop_service.equivalences import service
from interop_service.equivalences.errors import (
    AgreementUnknown,
    EquivalenceNotFound,
    MatterNotOffered,
)
from interop_service.equivalences.rules import EquivalentKind
from interop_service.equivalences.schemas import (
    EquivalenceIn,
    EquivalenceRead,
    EquivalenceVersionRead,
    LookedUp,
    LookUpIn,
)
from interop_service.equivalences.tables import Equivalence, EquivalenceVersion
from interop_service.partners.schemas import DistrictCode
from tongban import app, etags
from tongban.clock import Now, local_date
from tongban.context import InContext
from tongban.db import Session
from tongban.etags import IfMatch, StaleVersion
from tongban.identity import Caller, Identified, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery, page_of
from tongban.problems import problems
from tongban.texts import Code

__all__ = ["router"]

router = app.router("equivalences")
Admin = Annotated[Caller, allow(Role.ADMIN)]
Staff = Annotated[
    Caller,
    allow(Role.CLERK, Role.REVIEWER, Role.APPROVER, Role.SUPERVISOR, Role.ADMIN, Role.OPS),
]


@router.get("/api/v1/equivalences", responses=problems(CursorInvalid))
async def list_equivalences(
    session: Session,
    paging: PageQuery,
    _caller: Identified,
    partner: Annotated[DistrictCode | None, Query()] = None,
    agreement: Annotated[Code | None, Query()] = None,
    kind: EquivalentKind | None = None,
) -> Page[EquivalenceRead]:
    """互认目录: which materials, licences and decisions of a partner count as which of ours."""
    rows = await service.equivalences_page(
        session, paging, partner=partner, agreement=agreement, kind=kind
    )
    page, cursor = page_of(rows, paging, key=lambda row: (row.id,))
    return Page(items=[EquivalenceRead.model_validate(row) for row in page], next_cursor=cursor)


@router.post(
    "/api/v1/equivalences",
    response_model=EquivalenceRead,
    responses=problems(AgreementUnknown, StaleVersion),
)
async def keep_equivalence(
    given: EquivalenceIn,
    request: Request,
    response: Response,
    session: Session,
    caller: Admin,
    at: Now,
    if_match: IfMatch,
) -> Equivalence:
    """登记互认: keep a line of the register, new or changed; its history stays."""
    row = await service.keep(session, given, actor=caller.subject, if_match=if_match, at=at)
    etags.offer(request, response, row.version)
    return row


@router.post("/api/v1/equivalences/look-up", responses=problems(AgreementUnknown, MatterNotOffered))
async def look_up_equivalences(
    asked: LookUpIn, session: Session, context: InContext, _caller: Identified, at: Now
) -> LookedUp:
    """免提交查询: what need I not bring, and why the rest must be brought."""
    return await service.look_up(session, context, asked, on=local_date(at))


@router.get(
    "/api/v1/equivalences/{equivalence_id}/history",
    response_model=list[EquivalenceVersionRead],
    responses=problems(EquivalenceNotFound),
)
async def read_equivalence_history(
    equivalence_id: UUID, session: Session, _caller: Staff
) -> Sequence[EquivalenceVersion]:
    """互认沿革: what a line of the register said, since when, and who kept it; oldest first."""
    return await service.history(session, equivalence_id)
