"""What this service hears of others: small tolerant models, and what it does with them."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from site_service.queue import service as queue
from site_service.sites import registry
from site_service.sites.tables import KnownMatterVersion, PartnerMatter
from tongban import calendars
from tongban.context import Context
from tongban.inbox import Effect, Projection, Subscription
from tongban.messages import Event
from tongban.workdays import CalendarDay, CalendarYear, DayKind

__all__ = ["CONSUMED"]


class _Tolerant(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class MatterContent(_Tolerant):
    """What the sites need of a matter."""

    name: str
    area: str
    handling: str


class MatterChanged(Event):
    """A version of a matter was published or retired."""

    SUBJECT = "catalog.matter.changed"

    code: str
    version: int
    state: str
    content: MatterContent


class OfferedMatter(_Tolerant):
    """What the sites need of a partner's matter."""

    code: str
    name: str
    area: str
    handling: str


class MatterOfferChanged(Event):
    """A partner offers a matter to be handled here, or no longer does."""

    SUBJECT = "interop.matter_offer.changed"

    sequence: int
    owner_district: str
    agreement: str
    mode: str
    version: int
    state: str
    matter: OfferedMatter


class CalendarDayTold(_Tolerant):
    """A day that is not what its weekday says."""

    day: date
    kind: DayKind
    name: str | None = None


class CalendarChanged(Event):
    """A year's holidays and make-up working days."""

    SUBJECT = "catalog.calendar.changed"

    sequence: int
    year: int
    is_published: bool
    days: list[CalendarDayTold]


class CaseSubmitted(Event):
    """A case was submitted, perhaps with a ticket."""

    SUBJECT = "case.case.submitted"

    case_id: UUID
    site_id: str | None = None
    ticket_id: UUID | None = None


def _matter_row(event: MatterChanged) -> dict[str, object]:
    return {
        "code": event.code,
        "version": event.version,
        "state": event.state,
        "name": event.content.name,
        "area": event.content.area,
        "handling": event.content.handling,
    }


def _offer_row(event: MatterOfferChanged) -> dict[str, object]:
    return {
        "owner_district": event.owner_district,
        "code": event.matter.code,
        "version": event.version,
        "state": event.state,
        "agreement": event.agreement,
        "mode": event.mode,
        "name": event.matter.name,
        "area": event.matter.area,
        "handling": event.matter.handling,
    }


async def keep_calendar_year(
    session: AsyncSession, event: CalendarChanged, _context: Context
) -> None:
    """Keep the district's calendar: it decides when a site is open."""
    days = tuple(CalendarDay(one.day, one.kind, one.name) for one in event.days)
    year = CalendarYear(event.year, event.is_published, days)
    await calendars.keep_year(session, year, sequence=event.sequence)


async def tie_ticket_to_case(
    session: AsyncSession, event: CaseSubmitted, _context: Context
) -> None:
    """Tie a ticket to the case that came of it."""
    if event.ticket_id is not None:
        await queue.tie_case(session, event.ticket_id, case_id=event.case_id, site_id=event.site_id)


async def drop_retired_matter(
    session: AsyncSession, event: MatterChanged, _context: Context
) -> None:
    """Take a retired matter off every site."""
    if event.state == "retired":
        await registry.drop_retired(session, event.code, version=event.version)


async def drop_withdrawn_offer(
    session: AsyncSession, event: MatterOfferChanged, _context: Context
) -> None:
    """Take a partner's matter that is no longer offered off every site."""
    if event.state == "withdrawn":
        await registry.drop_withdrawn(
            session, event.matter.code, by=event.owner_district, sequence=event.sequence
        )


CONSUMED: tuple[Subscription, ...] = (
    Projection(MatterChanged, KnownMatterVersion, _matter_row),
    Projection(MatterOfferChanged, PartnerMatter, _offer_row),
    Effect(
        MatterChanged, drop_retired_matter, concerns=lambda data: data.get("state") == "retired"
    ),
    Effect(
        MatterOfferChanged,
        drop_withdrawn_offer,
        concerns=lambda data: data.get("state") == "withdrawn",
    ),
    Effect(CalendarChanged, keep_calendar_year),
    Effect(
        CaseSubmitted,
        tie_ticket_to_case,
        concerns=lambda data: data.get("ticket_id") is not None,
    ),
)
