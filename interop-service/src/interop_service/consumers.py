"""What this service hears of others: small tolerant models, and what it does with them."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.exchanges import forwarding, sending
from interop_service.exchanges.forwarding import Forwarded
from interop_service.exchanges.rules import MessageKind
from interop_service.reliance_consumers import FOLLOW_LICENCE, FOLLOW_RELIANCE
from tongban.calendars import keep_year
from tongban.context import Context
from tongban.inbox import Effect, Steps, Subscription
from tongban.messages import Event
from tongban.objects import ClaimCheck
from tongban.workdays import CalendarDay, CalendarYear, DayKind

__all__ = ["CONSUMED"]


class CaseStep(Event):
    """What every step of a case says; only those of an exchanged case concern this service."""

    case_id: UUID
    number: str
    exchange_id: UUID | None = None
    at: datetime


class CaseForwarded(CaseStep):
    SUBJECT = "case.case.forwarded"

    owner_district: str
    matter_code: str
    mode: str
    forward_due_on: date | None = None
    package: ClaimCheck


class CaseAccepted(CaseStep):
    SUBJECT = "case.case.accepted"

    statutory_due_on: date | None = None
    promised_due_on: date | None = None


class CaseCorrectionsRequested(CaseStep):
    SUBJECT = "case.case.corrections_requested"

    due_on: date
    content: ClaimCheck | None = None


class CaseCorrected(CaseStep):
    SUBJECT = "case.case.corrected"

    package: ClaimCheck | None = None


class CaseSuspended(CaseStep):
    SUBJECT = "case.case.suspended"

    procedure: str
    planned_days: int
    content: ClaimCheck | None = None


class CaseResumed(CaseStep):
    SUBJECT = "case.case.resumed"

    statutory_due_on: date | None = None
    promised_due_on: date | None = None


class CaseExtended(CaseStep):
    SUBJECT = "case.case.extended"

    days: int
    statutory_due_on: date | None = None
    promised_due_on: date | None = None
    content: ClaimCheck | None = None


class CaseDecided(CaseStep):
    SUBJECT = "case.case.decided"

    outcome: Literal["granted", "denied"]


class CaseLicenceIssued(CaseStep):
    SUBJECT = "case.case.licence_issued"

    licence_type: str


class CaseDelivered(CaseStep):
    SUBJECT = "case.case.delivered"

    way: str


class CaseDeclined(CaseStep):
    SUBJECT = "case.case.declined"

    result: ClaimCheck | None = None


class CaseWithdrawalRequested(CaseStep):
    SUBJECT = "case.case.withdrawal_requested"


class CaseWithdrawn(CaseStep):
    SUBJECT = "case.case.withdrawn"


class CaseClosed(CaseStep):
    SUBJECT = "case.case.closed"

    outcome: Literal["granted", "denied", "declined", "withdrawn"]
    outside_number: str | None = None
    result: ClaimCheck | None = None


class CaseRated(CaseStep):
    SUBJECT = "case.case.rated"

    owner_score: int | None = None


class ToldDay(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    day: date
    kind: DayKind
    name: str | None = None


class CalendarChanged(Event):
    SUBJECT = "catalog.calendar.changed"

    year: int
    is_published: bool
    days: tuple[ToldDay, ...] = ()
    sequence: int


async def keep_calendar(session: AsyncSession, event: CalendarChanged, _context: Context) -> None:
    """Keep the year as its owner has it now: the hops' limits count working days."""
    days = tuple(CalendarDay(one.day, one.kind, one.name) for one in event.days)
    year = CalendarYear(event.year, event.is_published, days)
    await keep_year(session, year, sequence=event.sequence)


async def send_package(session: AsyncSession, event: CaseForwarded, context: Context) -> None:
    if event.exchange_id is None:
        return
    forwarded = Forwarded(
        exchange_id=event.exchange_id,
        case_id=event.case_id,
        number=event.number,
        owner_district=event.owner_district,
        matter_code=event.matter_code,
        mode=event.mode,
        due_on=event.forward_due_on,
        package=event.package,
    )
    await forwarding.prepare_package(session, context, forwarded)


async def tell_accepted(session: AsyncSession, event: CaseAccepted, context: Context) -> None:
    await _tell_near(
        session,
        event,
        context,
        MessageKind.ACCEPTED,
        statutory_due_on=event.statutory_due_on,
        promised_due_on=event.promised_due_on,
    )


async def tell_corrections(
    session: AsyncSession, event: CaseCorrectionsRequested, context: Context
) -> None:
    kind = MessageKind.CORRECTIONS_REQUESTED
    await _tell_near(session, event, context, kind, due_on=event.due_on, content=event.content)


async def tell_corrected(session: AsyncSession, event: CaseCorrected, context: Context) -> None:
    """The near window took corrections in, or the applicant brought them to us."""
    if event.exchange_id is None:
        return
    if event.package is None:
        await _tell_near(session, event, context, MessageKind.CORRECTED)
        return
    kind, content = MessageKind.CORRECTED, event.package
    await sending.tell_owners(
        session, context, event.exchange_id, kind, at=event.at, content=content
    )


async def tell_suspended(session: AsyncSession, event: CaseSuspended, context: Context) -> None:
    await _tell_near(
        session,
        event,
        context,
        MessageKind.SUSPENDED,
        procedure=event.procedure,
        planned_days=event.planned_days,
        content=event.content,
    )


async def tell_resumed(session: AsyncSession, event: CaseResumed, context: Context) -> None:
    await _tell_near(
        session,
        event,
        context,
        MessageKind.RESUMED,
        statutory_due_on=event.statutory_due_on,
        promised_due_on=event.promised_due_on,
    )


async def tell_extended(session: AsyncSession, event: CaseExtended, context: Context) -> None:
    await _tell_near(
        session,
        event,
        context,
        MessageKind.EXTENDED,
        days=event.days,
        statutory_due_on=event.statutory_due_on,
        promised_due_on=event.promised_due_on,
        content=event.content,
    )


async def tell_decided(session: AsyncSession, event: CaseDecided, context: Context) -> None:
    await _tell_near(session, event, context, MessageKind.DECIDED, outcome=event.outcome)


async def tell_licence(session: AsyncSession, event: CaseLicenceIssued, context: Context) -> None:
    kind = MessageKind.LICENCE_ISSUED
    await _tell_near(session, event, context, kind, licence_type=event.licence_type)


async def tell_delivered(session: AsyncSession, event: CaseDelivered, context: Context) -> None:
    """The owner delivered it, or the near window handed it to the applicant."""
    if event.exchange_id is None:
        return
    await _tell_near(session, event, context, MessageKind.DELIVERED, way=event.way)
    kind = MessageKind.HANDED_OVER
    await sending.tell_owners(session, context, event.exchange_id, kind, at=event.at, way=event.way)


async def ask_for_withdrawal(
    session: AsyncSession, event: CaseWithdrawalRequested, context: Context
) -> None:
    if event.exchange_id is None:
        return
    kind = MessageKind.WITHDRAWAL_REQUESTED
    await sending.tell_owners(session, context, event.exchange_id, kind, at=event.at)


async def return_declined(session: AsyncSession, event: CaseDeclined, context: Context) -> None:
    await _return(session, event, context, "declined", result=event.result)


async def return_withdrawn(session: AsyncSession, event: CaseWithdrawn, context: Context) -> None:
    await _return(session, event, context, "withdrawn")


async def return_result(session: AsyncSession, event: CaseClosed, context: Context) -> None:
    await _return(
        session,
        event,
        context,
        event.outcome,
        outside_number=event.outside_number,
        result=event.result,
    )


async def pass_rating_on(session: AsyncSession, event: CaseRated, context: Context) -> None:
    if event.exchange_id is None or event.owner_score is None:
        return
    await sending.tell_owners(
        session,
        context,
        event.exchange_id,
        MessageKind.RATED,
        at=event.at,
        score=event.owner_score,
    )


async def _tell_near(
    session: AsyncSession,
    event: CaseStep,
    context: Context,
    kind: MessageKind,
    *,
    content: ClaimCheck | None = None,
    **facts: Any,
) -> None:
    if event.exchange_id is None:
        return
    await sending.tell_near(
        session,
        context,
        event.exchange_id,
        kind,
        case_id=event.case_id,
        number=event.number,
        at=event.at,
        content=content,
        **facts,
    )


async def _return(
    session: AsyncSession,
    event: CaseStep,
    context: Context,
    outcome: Literal["granted", "denied", "declined", "withdrawn"],
    *,
    outside_number: str | None = None,
    result: ClaimCheck | None = None,
) -> None:
    if event.exchange_id is None:
        return
    await sending.prepare_result(
        session,
        context,
        exchange_id=event.exchange_id,
        case_id=event.case_id,
        number=event.number,
        outcome=outcome,
        outside_number=outside_number,
        result=result,
        at=event.at,
    )


CONSUMED: tuple[Subscription, ...] = (
    Effect(CalendarChanged, keep_calendar),
    FOLLOW_LICENCE,
    FOLLOW_RELIANCE,
    Steps(
        aggregate="case.case",
        handlers={
            CaseForwarded: send_package,
            CaseAccepted: tell_accepted,
            CaseCorrectionsRequested: tell_corrections,
            CaseCorrected: tell_corrected,
            CaseSuspended: tell_suspended,
            CaseResumed: tell_resumed,
            CaseExtended: tell_extended,
            CaseDecided: tell_decided,
            CaseLicenceIssued: tell_licence,
            CaseDelivered: tell_delivered,
            CaseWithdrawalRequested: ask_for_withdrawal,
            CaseDeclined: return_declined,
            CaseWithdrawn: return_withdrawn,
            CaseClosed: return_result,
            CaseRated: pass_rating_on,
        },
        name="exchange_case",
        # A near case has an exchange from its forwarding on, an owner's case from its first step.
        concerns=lambda data: data.get("exchange_id") is not None,
        opened_by=CaseForwarded,
    ),
)
