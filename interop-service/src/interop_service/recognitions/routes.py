"""HTTP of recognitions."""

from typing import Annotated

from fastapi import Query

from interop_service.partners.schemas import DistrictCode
from interop_service.recognitions import service
from interop_service.recognitions.rules import RecognitionState
from interop_service.recognitions.schemas import RecognitionRead
from tongban import app
from tongban.db import Session
from tongban.identity import Caller, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery, page_of
from tongban.problems import problems

__all__ = ["router"]

router = app.router("recognitions")
Staff = Annotated[
    Caller,
    allow(Role.CLERK, Role.REVIEWER, Role.APPROVER, Role.SUPERVISOR, Role.ADMIN, Role.OPS),
]


@router.get("/api/v1/recognitions", responses=problems(CursorInvalid))
async def list_recognitions(
    session: Session,
    paging: PageQuery,
    _caller: Staff,
    issuer_district: Annotated[DistrictCode | None, Query()] = None,
    state: RecognitionState | None = None,
) -> Page[RecognitionRead]:
    """等效互认列表: which documents of partners count here, and why others do not; newest first."""
    rows = await service.recognitions_page(
        session, paging, issuer_district=issuer_district, state=state
    )
    page, cursor = page_of(rows, paging, key=lambda row: (row.id,))
    return Page(items=[RecognitionRead.model_validate(row) for row in page], next_cursor=cursor)
