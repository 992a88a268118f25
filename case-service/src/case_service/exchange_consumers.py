"""What this service hears of exchanges with other districts, and what it does with it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import exchange, mirroring, store
from case_service.cases.actions import act_by_machine
from case_service.cases.exchange import CorrectionsBack, ResultBack, StepBack
from case_service.cases.mirroring import Progress
from case_service.cases.rules import FINAL, Action, Outcome, Stage
from case_service.cases.tables import Case
from case_service.errors import ActionNotAllowed, MatterUnknown
from case_service.matters.service import matters_of
from case_service.ratings.service import rate_by_exchange
from tongban.clock import utc_now
from tongban.context import Context
from tongban.inbox import NotYet, Steps
from tongban.messages import Event
from tongban.objects import ClaimCheck

__all__ = ["FOLLOW_EXCHANGE"]


class ExchangeReceived(Event):
    SUBJECT = "interop.exchange.received"

    exchange_id: UUID
    from_district: str
    near_number: str
    matter_code: str
    mode: str
    package: ClaimCheck
    received_at: datetime
    delegated_acceptance: bool = False


class ExchangeCorrected(Event):
    SUBJECT = "interop.exchange.corrected"

    exchange_id: UUID
    package: ClaimCheck
    at: datetime


class ExchangeWithdrawalRequested(Event):
    SUBJECT = "interop.exchange.withdrawal_requested"

    exchange_id: UUID
    at: datetime


class ExchangeHandedOver(Event):
    SUBJECT = "interop.exchange.handed_over"

    exchange_id: UUID
    way: str | None = None
    at: datetime


class ExchangeSent(Event):
    SUBJECT = "interop.exchange.sent"

    exchange_id: UUID
    to_district: str
    at: datetime


class ExchangeAcknowledged(Event):
    SUBJECT = "interop.exchange.acknowledged"

    exchange_id: UUID
    receipt_id: str
    at: datetime


class ExchangeProgressed(Event):
    SUBJECT = "interop.exchange.progressed"

    exchange_id: UUID
    stage: str
    district: str | None = None
    owner_number: str | None = None
    at: datetime
    due_on: date | None = None
    statutory_due_on: date | None = None
    promised_due_on: date | None = None
    procedure: str | None = None
    planned_days: int | None = None
    days: int | None = None
    outcome: str | None = None
    licence_type: str | None = None
    way: str | None = None
    content: ClaimCheck | None = None
    standing: tuple[dict[str, Any], ...] = ()


class ExchangeResult(Event):
    SUBJECT = "interop.exchange.result"

    exchange_id: UUID
    owner_number: str | None = None
    outcome: Outcome
    outside_number: str | None = None
    is_recognised: bool
    result: ClaimCheck | None = None
    at: datetime


class ExchangeFailed(Event):
    SUBJECT = "interop.exchange.failed"

    exchange_id: UUID
    reason: str


class ExchangeRated(Event):
    SUBJECT = "interop.exchange.rated"

    exchange_id: UUID
    score: int


async def take_in_exchange(
    session: AsyncSession, event: ExchangeReceived, context: Context
) -> None:
    """Make our case of what a near district received for us."""
    try:
        matter = await matters_of(context).newest(session, event.matter_code)
    except MatterUnknown:
        raise NotYet(f"catalog.matter.{event.matter_code}-1") from None
    package = await exchange.read_package(context, event.package, from_district=event.from_district)
    case = await exchange.take_in(
        session,
        context,
        package,
        matter,
        exchange_id=event.exchange_id,
        mode=event.mode,
        at=event.received_at,
        is_delegated=event.delegated_acceptance,
    )
    if case is not None and event.delegated_acceptance:
        await _accept_as_delegated(session, context, event)


async def _accept_as_delegated(
    session: AsyncSession, context: Context, event: ExchangeReceived
) -> None:
    """委托受理: the near district's receipt was the acceptance; the clocks start with it."""
    case = await store.by_exchange(session, event.exchange_id)
    if case is None:
        raise AssertionError("a case just stored is there")
    await act_by_machine(
        session,
        context,
        case,
        Action.ACCEPT,
        at=event.received_at,
        facts={"delegated": True},
        actor=f"district:{event.from_district}",
    )


async def take_corrections(
    session: AsyncSession, event: ExchangeCorrected, context: Context
) -> None:
    """Take in, at the owner, what the applicant supplied at the near window."""
    case = await _owners_case(session, event.exchange_id)
    if case is None:
        return
    supplied = CorrectionsBack.model_validate_json(await context.collect(event.package))
    if case.stage is not Stage.CORRECTING:
        by = case.from_district or ""
        await exchange.note(
            session, case, action="corrections_too_late", by=by, facts={}, at=event.at
        )
        return
    changes = await exchange.take_corrections(session, context, case, supplied, at=event.at)
    await act_by_machine(
        session,
        context,
        case,
        Action.CORRECT,
        at=_not_before(case, event.at),
        facts={},
        actor=f"district:{case.from_district}",
        changes=changes,
    )


async def take_withdrawal(
    session: AsyncSession, event: ExchangeWithdrawalRequested, context: Context
) -> None:
    """End, at the owner, what the applicant withdrew at the near window, if it is undecided."""
    case = await _owners_case(session, event.exchange_id)
    if case is None:
        return
    by = case.from_district or ""
    try:
        await act_by_machine(
            session,
            context,
            case,
            Action.WITHDRAW,
            at=_not_before(case, event.at),
            facts={},
            actor=f"district:{by}",
        )
    except ActionNotAllowed:
        await exchange.note(
            session, case, action="withdrawal_too_late", by=by, facts={}, at=event.at
        )


async def note_handed_over(
    session: AsyncSession, event: ExchangeHandedOver, _context: Context
) -> None:
    """Note, at the owner, that the applicant has the result from the near window."""
    case = await _owners_case(session, event.exchange_id)
    if case is not None:
        facts = {"way": event.way} if event.way else {}
        by = case.from_district or ""
        await exchange.note(
            session, case, action="hand_over_result", by=by, facts=facts, at=event.at
        )


async def note_sent(session: AsyncSession, event: ExchangeSent, _context: Context) -> None:
    if (case := await _open_near_case(session, event.exchange_id)) is not None:
        facts = {"to_district": event.to_district}
        own = case.district
        await exchange.note(session, case, action="sent", by=own, facts=facts, at=event.at)


async def note_acknowledged(
    session: AsyncSession, event: ExchangeAcknowledged, context: Context
) -> None:
    if (case := await _open_near_case(session, event.exchange_id)) is not None:
        facts = {"receipt_id": event.receipt_id}
        await exchange.acknowledge(session, context, case, facts=facts, at=event.at)


async def mirror_progress(
    session: AsyncSession, event: ExchangeProgressed, context: Context
) -> None:
    """Let our case follow its owner, also in what comes after the result."""
    case = await store.by_exchange(session, event.exchange_id)
    if case is None or case.from_district is not None:
        return
    content = StepBack()
    if event.content is not None:
        content = StepBack.model_validate_json(await context.collect(event.content))
    told = event.model_dump(mode="json", include=set(_FACTS))
    progress = Progress(
        stage=event.stage,
        district=event.district or case.owner_district,
        owner_number=event.owner_number,
        at=event.at,
        facts={name: value for name, value in told.items() if value is not None},
        content=content,
        standing=event.standing,
    )
    await mirroring.mirror(session, context, case, progress)


_FACTS = (
    "due_on",
    "statutory_due_on",
    "promised_due_on",
    "procedure",
    "planned_days",
    "days",
    "outcome",
    "licence_type",
    "way",
)


async def take_result(session: AsyncSession, event: ExchangeResult, context: Context) -> None:
    """Close our case with the owner's result, whose notice is kept as it came."""
    case = await _open_near_case(session, event.exchange_id)
    if case is None:
        return
    back = None
    if event.result is not None:
        back = ResultBack.model_validate_json(await context.collect(event.result))
    result = ResultBack(
        owner_number=event.owner_number,
        outcome=event.outcome,
        outside_number=event.outside_number,
        notice=back.notice if back is not None else None,
        reason=back.reason if back is not None else None,
    )
    await mirroring.take_result(
        session, case, result, is_recognised=event.is_recognised, at=event.at
    )


async def note_failed(session: AsyncSession, event: ExchangeFailed, _context: Context) -> None:
    if (case := await _open_near_case(session, event.exchange_id)) is not None:
        await exchange.fail(session, case, reason=event.reason, at=utc_now())


async def keep_rating(session: AsyncSession, event: ExchangeRated, _context: Context) -> None:
    await rate_by_exchange(session, exchange_id=event.exchange_id, score=event.score, at=utc_now())


async def _owners_case(session: AsyncSession, exchange_id: UUID) -> Case | None:
    """Return our case of what a near district received for us."""
    case = await store.by_exchange(session, exchange_id)
    return case if case is not None and case.from_district is not None else None


def _not_before(case: Case, at: datetime) -> datetime:
    """Return when another district's step counts here: its clock may be behind ours."""
    known = (case.received_at, case.notified_at, case.corrected_at, case.accepted_at)
    return max(at, *(instant for instant in known if instant is not None))


async def _open_near_case(session: AsyncSession, exchange_id: UUID) -> Case | None:
    """Return the case that we forwarded under this exchange, while it waits for its result."""
    case = await store.by_exchange(session, exchange_id)
    if case is None or case.from_district is not None or case.stage in FINAL:
        return None
    return case


FOLLOW_EXCHANGE = Steps(
    aggregate="interop.exchange",
    handlers={
        ExchangeReceived: take_in_exchange,
        ExchangeCorrected: take_corrections,
        ExchangeWithdrawalRequested: take_withdrawal,
        ExchangeHandedOver: note_handed_over,
        ExchangeSent: note_sent,
        ExchangeAcknowledged: note_acknowledged,
        ExchangeProgressed: mirror_progress,
        ExchangeResult: take_result,
        ExchangeFailed: note_failed,
        ExchangeRated: keep_rating,
    },
    name="follow_exchange",
)
