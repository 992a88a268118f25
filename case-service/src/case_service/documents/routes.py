"""HTTP of documents."""

from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import Header, Path, Query, Request, Response
from fastapi.responses import HTMLResponse

from case_service.cases import service as cases
from case_service.documents import service, verification
from case_service.documents.schemas import (
    NUMBER,
    DocumentStanding,
    DocumentSummary,
    SealedCopy,
    SealedDocument,
)
from case_service.errors import CaseNotFound, DocumentNotFound, TooManyTries
from case_service.shapes import ANY_CASE_DIGEST
from tongban.app import router as new_router
from tongban.clock import Now, local_date
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
    str, Query(pattern=ANY_CASE_DIGEST, description="文书上的摘要 / the digest printed on it")
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


@router.get(
    "/api/v1/documents/verify/{number}",
    response_model=DocumentStanding,
    responses={**problems(TooManyTries), **verification.PAGE_TOO},
)
async def verify_document(
    number: Number,
    sha256: Digest,
    request: Request,
    response: Response,
    context: InContext,
    at: Now,
    _caller: MaybeCaller,
) -> DocumentStanding | HTMLResponse:
    """文书查验: whether a document with this number and digest is ours; its QR code leads here,
    and a browser is shown a page."""
    found = await service.standing(context, number, sha256, at=at)
    if verification.is_asked_by_browser(request):
        return _page(found)
    response.headers["Vary"] = "Accept"
    return found


def _page(found: DocumentStanding) -> HTMLResponse:
    verdict = (
        "文书真实，未被改动 genuine, and unchanged"
        if found.is_genuine
        else ("没有这份文书，或内容已被改动 not ours, or altered")
    )
    return verification.page(
        verdict,
        is_good=found.is_genuine,
        rows=[
            ("文书 Document", found.title and f"{found.title['zh-CN']} {found.title['en']}"),
            ("文号 Number", found.number),
            ("出具地区 Issued by", found.issued_by and found.issued_by.body),
            ("出具时间 Issued at", found.issued_at and local_date(found.issued_at)),
            ("摘要 SHA-256", found.sha256),
        ],
    )


@router.post("/api/v1/documents/verify", responses=problems(TooManyTries))
async def verify_copy(
    body: SealedCopy, context: InContext, at: Now, _caller: MaybeCaller
) -> DocumentStanding:
    """电子文书查验: whether a document's JSON is, letter for letter, what was sealed."""
    return await service.standing_of_copy(context, body, at=at)
