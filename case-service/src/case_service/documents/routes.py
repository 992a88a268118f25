"""HTTP of documents."""

from typing import Any
from uuid import UUID

from case_service.cases import service as cases
from case_service.documents import service
from case_service.documents.schemas import DocumentSummary, SealedDocument
from case_service.errors import CaseNotFound, DocumentNotFound
from tongban.app import router as new_router
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import ForeignSite, Identified
from tongban.paging import CursorInvalid, Page, PageQuery
from tongban.problems import problems

__all__ = ["router"]

router = new_router("documents")


@router.get(
    "/api/v1/cases/{case_id}/documents",
    responses=problems(CaseNotFound, ForeignSite, CursorInvalid),
)
async def list_documents(
    case_id: UUID, session: Session, caller: Identified, paging: PageQuery
) -> Page[DocumentSummary]:
    """文书列表: the documents of a case, for the applicant or for staff, oldest first."""
    await cases.visible(session, case_id, caller)
    rows, cursor = await service.of_case(session, case_id, paging)
    items = [DocumentSummary.model_validate(row) for row in rows]
    return Page(items=items, next_cursor=cursor)


@router.get(
    "/api/v1/cases/{case_id}/documents/{document_id}",
    response_model=SealedDocument,
    responses=problems(CaseNotFound, ForeignSite, DocumentNotFound),
)
async def read_document(
    case_id: UUID,
    document_id: UUID,
    session: Session,
    context: InContext,
    caller: Identified,
) -> dict[str, Any]:
    """查看文书: a document as it was handed out, with the district's electronic seal (电子印章)."""
    await cases.visible(session, case_id, caller)
    return await service.get(
        session, context, case_id=case_id, document_id=document_id, reader=caller.subject
    )
