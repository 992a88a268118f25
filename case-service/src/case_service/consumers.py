"""What this service hears of others: small tolerant models, and what it does with them."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.bundles.rules import LifeEventContent
from case_service.bundles.tables import LifeEvent
from case_service.exchange_consumers import FOLLOW_EXCHANGE
from case_service.matters.rules import MatterContent
from case_service.matters.tables import MatterVersion, PartnerMatter, Site
from case_service.ratings.service import keep_contact
from case_service.reliance_consumers import FOLLOW_RELIANCE, KEEP_PROOF
from case_service.supervision.service import follow_amended_year
from tongban.calendars import keep_year
from tongban.context import Context
from tongban.inbox import Effect, Projection, Subscription
from tongban.messages import Event
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
    FOLLOW_EXCHANGE,
    KEEP_PROOF,
    FOLLOW_RELIANCE,
)
