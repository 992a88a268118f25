"""Every SQL statement about how busy sites are, as one needs it to choose among them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Float, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from site_service.queue.rules import TicketState
from site_service.queue.tables import Ticket
from site_service.sites.rules import WindowState
from site_service.sites.tables import Site, Window

MEASURED_DAYS = 14


@dataclass(frozen=True, slots=True)
class Load:
    """How busy a site is."""

    site_id: str
    waiting: int
    windows: int
    service_seconds: float


async def loads(
    session: AsyncSession, site_ids: Collection[str], *, day: date, default: float
) -> list[Load]:
    """Return who waits on `day`, the open windows, and how long a visit took lately."""
    waiting = (
        select(func.count())
        .where(Ticket.site_id == Site.id, Ticket.day == day, Ticket.state == TicketState.WAITING)
        .scalar_subquery()
    )
    windows = (
        select(func.count())
        .where(Window.site_id == Site.id, Window.state == WindowState.OPEN)
        .scalar_subquery()
    )
    took = (
        select(
            Ticket.site_id,
            func.avg(func.extract("epoch", Ticket.done_at - Ticket.serving_at)).label("seconds"),
        )
        .where(
            Ticket.site_id.in_(site_ids),
            Ticket.day.between(day - timedelta(days=MEASURED_DAYS), day),
            Ticket.done_at.is_not(None),
            Ticket.serving_at.is_not(None),
        )
        .group_by(Ticket.site_id)
        .subquery()
    )
    rows = await session.execute(
        select(Site.id, waiting, windows, cast(func.coalesce(took.c.seconds, default), Float))
        .outerjoin(took, took.c.site_id == Site.id)
        .where(Site.id.in_(site_ids))
    )
    return [Load(*row) for row in rows]
