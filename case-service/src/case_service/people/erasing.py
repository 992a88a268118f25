"""What is personal about a case, overwritten (删除个人信息); what was done and when stays."""

from collections import Counter
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import party
from case_service.cases.tables import Case
from case_service.documents import service as documents
from case_service.enquiries import service as enquiries
from case_service.people import store
from tongban.context import Context

__all__ = ["ERASED_NAME", "erase_case"]

ERASED_NAME: Final = "（已删除）"
ERASED: Final = "erased"
"""Stands for the account of somebody whose data is erased."""


async def erase_case(session: AsyncSession, context: Context, case: Case) -> Counter[str]:
    """Overwrite what is personal in the locked case and all that hangs on it; return how much.

    Bytes that no other case has go with the next rounds of the collector.
    """
    nobody: party.Party = {
        "applicant": {"kind": case.applicant_kind, "name": ERASED_NAME},
        "agent": None,
        "form": {},
    }
    case.sealed_party = party.sealed(context.vault, nobody, case_id=case.id)
    # Different for each: erased people are not found as one person.
    case.identity_index = context.vault.blind_index(f"erased:{case.id}")
    case.name_index = case.phone_index = case.premises_index = None
    accounts = {one for one in (case.applicant_subject, *case.agents) if one is not None}
    if case.submitted_by in accounts:
        case.submitted_by = ERASED
    case.applicant_masked = ERASED_NAME
    case.applicant_subject = None
    case.situation_answers, case.agents, case.reason = {}, [], None
    case.evidence, case.proofs, case.missing = {}, {}, []
    case.outside_result = case.received_notice = None
    await store.clear_timeline(session, case.id, accounts=accounts, erased=ERASED)
    await store.clear_attendants(session, case.id, erased=ERASED_NAME)
    for enquiry in await store.enquiries_of(session, case.id):
        enquiries.erase(context.vault, enquiry)
    erased = Counter[str](cases=1)
    erased["materials"] = await store.drop_materials(session, case.id)
    erased["documents"] = await documents.erase_of_case(session, context, case.id)
    erased["licences"] = await store.erase_licences(session, case.id, name=ERASED_NAME)
    return erased
