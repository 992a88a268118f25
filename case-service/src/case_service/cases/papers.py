"""What a case's documents are told (文书所载事实), and drawing one up as part of a step."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases.party import Party
from case_service.cases.tables import Case
from case_service.documents import service as documents
from case_service.documents.tables import Document
from case_service.documents.wording import DocumentKind
from case_service.matters.rules import Matter
from tongban import gb
from tongban.context import Context

__all__ = ["draw_up", "ref", "with_document"]


async def draw_up(
    session: AsyncSession,
    context: Context,
    case: Case,
    kind: DocumentKind,
    *,
    matter: Matter,
    party: Party,
    at: Any,
    by: str,
    facts: dict[str, Any],
) -> Document:
    """Draw up a document of the case: what every one tells, and `facts`."""
    is_partners = case.owner_district != case.district
    remedies = None if matter.content.is_licence else matter.content.remedies
    common = {
        "applicant_name": party["applicant"]["name"],
        "matter_name": matter.content.name,
        "matter_english_name": matter.content.english_name,
        "matter_type": matter.content.matter_type,
        "body": None if is_partners else matter.content.body.name,
        "owner_district_name": gb.district(case.owner_district).name if is_partners else None,
        "legal_basis": matter.content.basis or None,
        "remedies": remedies,
        "has_remedies": remedies is not None,
    }
    return await documents.draw_up(
        session,
        context,
        case_id=case.id,
        case_number=case.number,
        kind=kind,
        facts={**common, **facts},
        at=at,
        drawn_up_by=by,
    )


def ref(document: Document) -> dict[str, str]:
    """Return what the case keeps of its document."""
    return {"id": str(document.id), "kind": document.kind.value, "number": document.number}


def with_document(case: Case, document: Document) -> dict[str, Any]:
    """Return the change that puts the document on the case."""
    return {"documents": [*case.documents, ref(document)]}
