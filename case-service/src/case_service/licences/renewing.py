"""What falls due for a licence by itself (到期与延续): reminders, deemed renewal, succession."""

from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import history
from case_service.cases.tables import Case
from case_service.duty import Duty
from case_service.events import CaseLicenceChanged
from case_service.handovers.service import hand_over
from case_service.licences import rules, store, telling
from case_service.licences.service import due_at
from case_service.licences.tables import Licence
from case_service.licences.vocabulary import LicenceDecision, LicenceState
from case_service.notices import service as notices
from case_service.notices.rules import NoticeKind
from tongban import audit
from tongban.clock import local_date
from tongban.context import Context
from tongban.messages import publish

__all__ = ["LICENCE_DUTY", "keep_up"]

SYSTEM = "system"


async def keep_up(session: AsyncSession, context: Context, licence: Licence, at: datetime) -> None:
    """Do what is due for a locked licence, and say when something is due again."""
    today = local_date(at)
    if licence.invalid_from is not None and licence.invalid_from <= today:
        if licence.state is LicenceState.VALID:
            licence.state = LicenceState.SUPERSEDED
            telling.tell(session, licence)
    elif licence.state is LicenceState.VALID and licence.valid_until is not None:
        if today > licence.valid_until:
            await _expire(session, context, licence, licence.valid_until, at)
        else:
            await _remind(session, licence, licence.valid_until, at)
    licence.next_due_at = due_at(
        today, valid_until=licence.valid_until, invalid_from=licence.invalid_from
    )


async def _remind(session: AsyncSession, licence: Licence, valid_until: date, at: datetime) -> None:
    days = rules.reminder_due(local_date(at), valid_until, licence.reminded_days)
    if days is None:
        return
    licence.reminded_days = days
    if await store.renewal_asked(session, licence.id) is not None:
        return
    case = await session.get_one(Case, licence.case_id)
    notices.tell(
        session,
        case,
        NoticeKind.LICENCE_EXPIRING,
        at,
        licence_number=licence.number,
        valid_until=valid_until,
    )


async def _expire(
    session: AsyncSession, context: Context, licence: Licence, valid_until: date, at: datetime
) -> None:
    """行政许可法 Art. 50: applied for in time and not decided by its end, it counts as renewed."""
    asking = await store.renewal_asked(session, licence.id)
    if asking is None or not rules.is_in_time(local_date(asking.submitted_at), valid_until):
        return
    renewed_from = valid_until + rules.ONE_DAY
    licence.deemed_renewed_on = renewed_from
    licence.valid_until = rules.last_day(renewed_from, licence.validity_months)
    licence.reminded_days = None
    telling.tell(session, licence)
    case = await store.case_of(session, licence)
    publish(
        session,
        CaseLicenceChanged(
            case_id=case.id,
            number=case.number,
            exchange_id=case.exchange_id,
            at=at,
            licence_id=licence.id,
            licence_type=licence.licence_type,
            change="deemed_renewed",
            effective_from=renewed_from,
        ),
        of=case,
    )
    decision = LicenceDecision.DEEMED_RENEWED
    await hand_over(session, context, case, licence, decision, at=at)
    _record(session, asking, licence, at)
    notices.tell(
        session,
        asking,
        NoticeKind.DEEMED_RENEWED,
        at,
        licence_number=licence.number,
        valid_until=licence.valid_until,
    )


def _record(session: AsyncSession, asking: Case, licence: Licence, at: datetime) -> None:
    """Put it on the timeline of the case that nobody decided, and on the ledger."""
    named = {"licence_number": licence.number}
    history.note(
        session, asking, action="deem_renewed", actor=SYSTEM, at=at, facts=named, payload=named
    )
    audit.note(
        session,
        actor=SYSTEM,
        action="licence.deem_renewed",
        subject=str(licence.id),
        payload={"number": licence.number, "case": asking.number},
    )


LICENCE_DUTY = Duty("licence", Licence, keep_up)
