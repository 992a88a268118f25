"""HTTP of documents."""

from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import Header, Path, Query, Response

from case_service.cases import service as cases
from case_service.documents import service
from case_service.documents.schemas import (
    NUMBER,
    DocumentStanding,
    DocumentSummary,
    SealedCopy,
    SealedDocument,
)
from case_service.errors import CaseNotFound, DocumentNotFound, TooManyTries
from tongban.app import router as new_router
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import ForeignSite, Identified, MaybeCaller
from tongban.paging import CursorInvalid, Page, PageQuery
from tongban.problems import problems

__all__ = ["router"]

router = new_router("documents")

Number = Annotated[
    str,
    Path(pattern=NUMBER, examples=["610171-SJ-2026-000123"]),
]
Digest = Annotated[
    str, Query(pattern=r"^[0-9a-fA-F]{64}$", description="文书上的摘要 / the digest printed on it")
]


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


@router.get(
    "/api/v1/cases/{case_id}/documents/{document_id}/content",
    response_model=SealedDocument,
    responses={
        **problems(CaseNotFound, ForeignSite, DocumentNotFound),
        200: {
            "description": "PDF 或带电子印章的 JSON / the PDF, or the sealed JSON",
            "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
        },
    },
)
async def download_document(
    case_id: UUID,
    document_id: UUID,
    session: Session,
    context: InContext,
    caller: Identified,
    accept: Annotated[
        str, Header(description="application/pdf（缺省 / default）或 application/json")
    ] = "application/pdf",
) -> Any:
    """下载文书: the document as a sealed PDF to print, or as JSON; each reading is on record."""
    await cases.visible(session, case_id, caller)
    if "application/json" in accept and "application/pdf" not in accept:
        return await service.get(
            session, context, case_id=case_id, document_id=document_id, reader=caller.subject
        )
    document, paper = await service.on_paper(
        session, context, case_id=case_id, document_id=document_id, reader=caller.subject
    )
    return Response(
        paper,
        media_type="application/pdf",
        headers={
            "Content-Disposition": f"inline; filename*=UTF-8''{quote(document.number)}.pdf",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


@router.get("/api/v1/documents/verify/{number}", responses=problems(TooManyTries))
async def verify_document(
    number: Number, sha256: Digest, context: InContext, at: Now, _caller: MaybeCaller
) -> DocumentStanding:
    """文书查验: whether a document with this number and digest is ours; its QR code leads here."""
    return await service.standing(context, number, sha256, at=at)


@router.post("/api/v1/documents/verify", responses=problems(TooManyTries))
async def verify_copy(
    body: SealedCopy, context: InContext, at: Now, _caller: MaybeCaller
) -> DocumentStanding:
    """电子文书查验: whether a document's JSON is, letter for letter, what was sealed."""
    return await service.standing_of_copy(context, body, at=at)
