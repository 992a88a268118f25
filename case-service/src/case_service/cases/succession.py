"""Which licence a case is about (证照承续): the one that it varies, renews or issues again."""

from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import party
from case_service.cases.case_body import CaseIn
from case_service.cases.tables import Case
from case_service.errors import ApplicationIncomplete
from case_service.licences import service as licences
from case_service.licences.rules import is_in_time
from case_service.licences.tables import Licence
from case_service.licences.vocabulary import LicenceOperation
from case_service.matters.rules import Matter
from case_service.notices import service as notices
from case_service.notices.rules import NoticeKind
from tongban.clock import local_date
from tongban.context import Context
from tongban.problems import Text, Where

__all__ = ["succession_of", "tell_if_late"]

_NEEDED: Text = {
    "zh-CN": "请填写要变更、延续或补发的证照",
    "en": "tell which licence is to be varied, renewed or issued again",
}
_UNASKED: Text = {
    "zh-CN": "该事项不涉及已有证照，请删去",
    "en": "the matter is not about a licence that there is: leave it out",
}


async def succession_of(
    session: AsyncSession, context: Context, body: CaseIn, matter: Matter, *, today: date
) -> tuple[dict[str, Any], Licence | None]:
    """Return the columns that name the licence, and it; nothing is read for a first one.

    Raises:
        ApplicationIncomplete: none is named though one is needed, or the other way round.
        LicenceNotFound: the applicant holds no such licence of this type.
        LicenceNotSucceeded: it is no longer in force, or was replaced.
    """
    # Whose licence a partner's matter is about, the partner knows.
    result = matter.content.licence if matter.mode is None else None
    is_first = result is None or result.operation is LicenceOperation.FIRST
    if is_first != (body.predecessor_id is None):
        fault = _NEEDED if body.predecessor_id is None else _UNASKED
        raise ApplicationIncomplete(errors=[Where.pointer("/predecessor_id", fault, "predecessor")])
    if result is None or result.licence_type is None or body.predecessor_id is None:
        return {}, None
    predecessor = await licences.require_predecessor(
        session,
        context,
        body.predecessor_id,
        identity=party.identity_of(body.applicant.model_dump(mode="json")),
        licence_type=result.licence_type,
        on=today,
    )
    values = {"licence_operation": result.operation, "predecessor_id": predecessor.id}
    return values, predecessor


def tell_if_late(session: AsyncSession, case: Case, predecessor: Licence | None) -> None:
    """Tell who applies for a renewal too late that silence will not renew his licence."""
    valid_until = predecessor.valid_until if predecessor else None
    if predecessor is None or valid_until is None:
        return
    is_renewal = case.licence_operation is LicenceOperation.RENEW
    if is_renewal and not is_in_time(local_date(case.submitted_at), valid_until):
        notices.tell(
            session,
            case,
            NoticeKind.RENEWAL_LATE,
            case.submitted_at,
            licence_number=predecessor.number,
            valid_until=valid_until,
        )
