"""What this service hears of others: small tolerant models, and what it does with them."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.bundles.rules import LifeEventContent
from case_service.bundles.tables import LifeEvent
from case_service.cases import exchange, store
from case_service.cases.exchange import ResultBack
from case_service.cases.rules import FINAL, Outcome
from case_service.cases.tables import Case
from case_service.errors import MatterUnknown
from case_service.matters.rules import MatterContent
from case_service.matters.service import matters_of
from case_service.matters.tables import MatterVersion, PartnerMatter, Site
from case_service.ratings.service import keep_contact, rate_by_exchange
from case_service.supervision.service import follow_amended_year
from tongban.calendars import keep_year
from tongban.clock import utc_now
from tongban.context import Context
from tongban.inbox import Effect, NotYet, Projection, Steps, Subscription
from tongban.messages import Event
from tongban.objects import ClaimCheck
from tongban.workdays import CalendarDay, CalendarYear, DayKind

__all__ = ["CONSUMED"]


def _readable(content: dict[str, Any]) -> dict[str, Any]:
    """Refuse, as a whole, a content that no case could go by."""
    MatterContent.model_validate(content)
    return content


Content = Annotated[dict[str, Any], AfterValidator(_readable)]


def _bundled(content: dict[str, Any]) -> dict[str, Any]:
    """Refuse, as a whole, a life event that no application could go by."""
    LifeEventContent.model_validate(content)
    return content


class LifeEventChanged(Event):
    SUBJECT = "catalog.life_event.changed"

    code: str
    state: str
    content: Annotated[dict[str, Any], AfterValidator(_bundled)]


class MatterChanged(Event):
    SUBJECT = "catalog.matter.changed"

    code: str
    version: int
    state: str
    effective_from: date
    retired_on: date | None = None
    owner_district: str
    content: Content


class MatterOfferChanged(Event):
    SUBJECT = "interop.matter_offer.changed"

    owner_district: str
    agreement: str
    mode: str
    version: int
    state: str
    forward_within_days: int
    matter: Content


class SiteChanged(Event):
    SUBJECT = "site.site.changed"

    site_id: str
    kind: str
    name: str
    state: str


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


class TicketServed(Event):
    SUBJECT = "site.ticket.served"

    ticket_id: UUID
    site_id: str
    window_id: UUID | None = None
    case_id: UUID | None = None
    at: datetime


class ExchangeReceived(Event):
    SUBJECT = "interop.exchange.received"

    exchange_id: UUID
    from_district: str
    near_number: str
    matter_code: str
    mode: str
    package: ClaimCheck
    received_at: datetime


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
    owner_number: str | None = None
    at: datetime


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


async def follow_calendar(session: AsyncSession, event: CalendarChanged, context: Context) -> None:
    """Keep the year as its owner has it now, and have the open dates reckoned anew."""
    year = CalendarYear(
        event.year,
        event.is_published,
        tuple(CalendarDay(one.day, one.kind, one.name) for one in event.days),
    )
    if await keep_year(session, year, sequence=event.sequence):
        await follow_amended_year(
            session, context, year=event.year, calendar_sequence=event.sequence
        )


async def take_in_exchange(
    session: AsyncSession, event: ExchangeReceived, context: Context
) -> None:
    """Make our case of what a near district received for us."""
    try:
        matter = await matters_of(context).newest(session, event.matter_code)
    except MatterUnknown:
        raise NotYet(f"catalog.matter.{event.matter_code}-1") from None
    package = await exchange.read_package(context, event.package, from_district=event.from_district)
    await exchange.take_in(
        session,
        context,
        package,
        matter,
        exchange_id=event.exchange_id,
        mode=event.mode,
        at=event.received_at,
    )


async def note_sent(session: AsyncSession, event: ExchangeSent, _context: Context) -> None:
    if (case := await _open_near_case(session, event.exchange_id)) is not None:
        facts = {"to_district": event.to_district}
        await exchange.acknowledge(session, case, action="sent", facts=facts, at=event.at)


async def note_acknowledged(
    session: AsyncSession, event: ExchangeAcknowledged, _context: Context
) -> None:
    if (case := await _open_near_case(session, event.exchange_id)) is not None:
        facts = {"receipt_id": event.receipt_id}
        await exchange.acknowledge(session, case, action="acknowledged", facts=facts, at=event.at)


async def mirror_progress(
    session: AsyncSession, event: ExchangeProgressed, _context: Context
) -> None:
    if (case := await _open_near_case(session, event.exchange_id)) is not None:
        await exchange.mirror(
            session, case, stage=event.stage, owner_number=event.owner_number, at=event.at
        )


async def take_result(session: AsyncSession, event: ExchangeResult, context: Context) -> None:
    """Close our case with the owner's result, whose notice is kept as it came."""
    case = await _open_near_case(session, event.exchange_id)
    if case is None:
        return
    notice = None
    if event.result is not None:
        notice = ResultBack.model_validate_json(await context.collect(event.result)).notice
    result = ResultBack(
        owner_number=event.owner_number,
        outcome=event.outcome,
        outside_number=event.outside_number,
        notice=notice,
    )
    await exchange.take_result(
        session, case, result, is_recognised=event.is_recognised, at=event.at
    )


async def note_failed(session: AsyncSession, event: ExchangeFailed, _context: Context) -> None:
    if (case := await _open_near_case(session, event.exchange_id)) is not None:
        await exchange.fail(session, case, reason=event.reason, at=utc_now())


async def keep_rating(session: AsyncSession, event: ExchangeRated, _context: Context) -> None:
    await rate_by_exchange(session, exchange_id=event.exchange_id, score=event.score, at=utc_now())


async def keep_contact_to_rate(
    session: AsyncSession, event: TicketServed, _context: Context
) -> None:
    """Keep that somebody was served at a window, so that he can rate it."""
    await keep_contact(
        session,
        ticket_id=event.ticket_id,
        site_id=event.site_id,
        window_id=event.window_id,
        case_id=event.case_id,
        served_at=event.at,
    )


async def _open_near_case(session: AsyncSession, exchange_id: UUID) -> Case | None:
    """Return the case that we forwarded under this exchange, while it waits for its result."""
    case = await store.by_exchange(session, exchange_id)
    if case is None or case.from_district is not None or case.stage in FINAL:
        return None
    return case


CONSUMED: tuple[Subscription, ...] = (
    Projection(
        MatterChanged,
        MatterVersion,
        lambda event: event.model_dump(),
    ),
    Projection(
        MatterOfferChanged,
        PartnerMatter,
        lambda event: {
            "owner_district": event.owner_district,
            "code": event.matter["code"],
            "state": event.state,
            "agreement": event.agreement,
            "mode": event.mode,
            "version": event.version,
            "forward_within_days": event.forward_within_days,
            "content": event.matter,
        },
    ),
    Projection(LifeEventChanged, LifeEvent, lambda event: event.model_dump()),
    Projection(SiteChanged, Site, lambda event: event.model_dump()),
    Effect(CalendarChanged, follow_calendar),
    Effect(TicketServed, keep_contact_to_rate),
    Steps(
        aggregate="interop.exchange",
        handlers={
            ExchangeReceived: take_in_exchange,
            ExchangeSent: note_sent,
            ExchangeAcknowledged: note_acknowledged,
            ExchangeProgressed: mirror_progress,
            ExchangeResult: take_result,
            ExchangeFailed: note_failed,
            ExchangeRated: keep_rating,
        },
        name="follow_exchange",
    ),
)
