"""HTTP of work lists."""

from typing import Annotated

from fastapi import Query

from case_service.cases import work
from case_service.cases.refusals import NoDepartment, NoSite
from case_service.cases.schemas import WorkItem
from tongban.app import router as new_router
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import Caller, ForeignSite, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery
from tongban.problems import problems
from tongban.texts import Code, Line

__all__ = ["router"]

router = new_router("cases")

Working = Annotated[
    Caller,
    allow(
        Role.CLERK,
        Role.REVIEWER,
        Role.APPROVER,
        Role.SEAL_KEEPER,
        Role.SUPERVISOR,
        Role.SITE_MANAGER,
    ),
]


@router.get(
    "/api/v1/worklists/{scope}",
    responses=problems(NoDepartment, NoSite, ForeignSite, CursorInvalid),
)
async def read_worklist(
    scope: work.Scope,
    session: Session,
    context: InContext,
    caller: Working,
    paging: PageQuery,
    site_id: Annotated[Code | None, Query(description="site: 网点 / which")] = None,
    sought: Annotated[
        Line | None,
        Query(
            alias="q",
            description="办件编号、申请人姓名或手机末四位 / number, name, last four of the phone",
        ),
    ] = None,
    is_open: Annotated[
        bool, Query(alias="open", description="q: 只查未结办件 / unfinished ones only")
    ] = True,
) -> Page[WorkItem]:
    """工作台: what waits for me, my role, my department or a site, the most urgent first.

    With `q` it is a search instead, among all the cases that the caller may see.
    """
    return await work.worklist(
        session,
        context,
        scope,
        paging,
        caller=caller,
        site_id=site_id,
        sought=sought,
        is_open=is_open,
    )
