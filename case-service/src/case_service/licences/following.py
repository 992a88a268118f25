"""What follows a decision about a licence: who supervises its holder learns of it, and everybody.

Nothing here is sent: the rows go with the decision's own, the worker does the rest.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases.tables import Case
from case_service.handovers import service as handovers
from case_service.licences.tables import Licence
from case_service.licences.vocabulary import LicenceAct, LicenceDecision, LicenceOperation
from case_service.publications import service as publications
from tongban.context import Context

__all__ = ["follow_end", "follow_issue"]

_ISSUED: Mapping[LicenceOperation, LicenceDecision] = MappingProxyType(
    {
        LicenceOperation.FIRST: LicenceDecision.GRANTED,
        LicenceOperation.VARY: LicenceDecision.VARIED,
        LicenceOperation.RENEW: LicenceDecision.RENEWED,
        LicenceOperation.REISSUE: LicenceDecision.REISSUED,
    }
)
_ENDED: Mapping[LicenceAct, LicenceDecision] = MappingProxyType(
    {
        LicenceAct.CANCEL: LicenceDecision.CANCELLED,
        LicenceAct.RESCIND: LicenceDecision.RESCINDED,
        LicenceAct.WITHDRAW: LicenceDecision.WITHDRAWN,
        LicenceAct.REVOKE: LicenceDecision.REVOKED,
    }
)


async def follow_issue(
    session: AsyncSession,
    context: Context,
    case: Case,
    licence: Licence,
    *,
    holder: Mapping[str, str],
    is_licence: bool,
    at: datetime,
) -> None:
    """Hand an issue over; publish it where it is a licence by the Administrative Licensing Law."""
    decision = _ISSUED[licence.operation]
    await handovers.hand_over(session, context, case, licence, decision, at=at)
    if is_licence:
        await publications.prepare(session, context, case, licence, decision, holder=holder, at=at)


async def follow_end(
    session: AsyncSession,
    context: Context,
    case: Case,
    licence: Licence,
    act: LicenceAct,
    *,
    at: datetime,
) -> None:
    """Hand an end over; take down what was published of a licence that never was."""
    await handovers.hand_over(session, context, case, licence, _ENDED[act], at=at)
    if act is LicenceAct.RESCIND:
        await publications.take_down(session, licence.id, at=at)
