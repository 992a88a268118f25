"""What this service hears of others: small tolerant models, and what it does with them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.exchanges import sending
from interop_service.exchanges.rules import Stage
from tongban.context import Context
from tongban.inbox import Steps, Subscription
from tongban.messages import Event
from tongban.objects import ClaimCheck

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
    package: ClaimCheck


class CaseAccepted(CaseStep):
    SUBJECT = "case.case.accepted"


class CaseCorrectionsRequested(CaseStep):
    SUBJECT = "case.case.corrections_requested"


class CaseDecided(CaseStep):
    SUBJECT = "case.case.decided"


class CaseDeclined(CaseStep):
    SUBJECT = "case.case.declined"


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


async def send_package(session: AsyncSession, event: CaseForwarded, context: Context) -> None:
    if event.exchange_id is None:
        return
    await sending.prepare_package(
        session,
        context,
        exchange_id=event.exchange_id,
        case_id=event.case_id,
        number=event.number,
        owner_district=event.owner_district,
        matter_code=event.matter_code,
        mode=event.mode,
        package=event.package,
    )


async def tell_accepted(session: AsyncSession, event: CaseAccepted, context: Context) -> None:
    await _tell_stage(session, event, context, Stage.ACCEPTED)


async def tell_corrections(
    session: AsyncSession, event: CaseCorrectionsRequested, context: Context
) -> None:
    await _tell_stage(session, event, context, Stage.CORRECTIONS_REQUESTED)


async def tell_decided(session: AsyncSession, event: CaseDecided, context: Context) -> None:
    await _tell_stage(session, event, context, Stage.DECIDED)


async def return_declined(session: AsyncSession, event: CaseDeclined, context: Context) -> None:
    await _return(session, event, context, "declined")


async def return_withdrawn(session: AsyncSession, event: CaseWithdrawn, context: Context) -> None:
    await _return(session, event, context, "withdrawn")


async def return_result(session: AsyncSession, event: CaseClosed, context: Context) -> None:
    if event.exchange_id is None:
        return
    await sending.prepare_result(
        session,
        context,
        exchange_id=event.exchange_id,
        case_id=event.case_id,
        number=event.number,
        outcome=event.outcome,
        outside_number=event.outside_number,
        result=event.result,
        at=event.at,
    )


async def pass_rating_on(session: AsyncSession, event: CaseRated, context: Context) -> None:
    if event.exchange_id is None or event.owner_score is None:
        return
    await sending.prepare_rating(
        session, context, exchange_id=event.exchange_id, score=event.owner_score, at=event.at
    )


async def _tell_stage(
    session: AsyncSession, event: CaseStep, context: Context, stage: Stage
) -> None:
    if event.exchange_id is None:
        return
    await sending.prepare_progress(
        session,
        context,
        exchange_id=event.exchange_id,
        case_id=event.case_id,
        number=event.number,
        stage=stage,
        at=event.at,
    )


async def _return(
    session: AsyncSession,
    event: CaseStep,
    context: Context,
    outcome: Literal["declined", "withdrawn"],
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
        outside_number=None,
        result=None,
        at=event.at,
    )


CONSUMED: tuple[Subscription, ...] = (
    Steps(
        aggregate="case.case",
        handlers={
            CaseForwarded: send_package,
            CaseAccepted: tell_accepted,
            CaseCorrectionsRequested: tell_corrections,
            CaseDecided: tell_decided,
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
