"""The queue as the hall's screen shows it: numbers, never a person."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.queue import notes, store
from site_service.queue.schemas import QueueRead, QueueWindow
from site_service.queue.tables import Ticket
from site_service.sites import service as sites
from site_service.sites.tables import Window
from tongban.clock import local_date

__all__ = ["overview"]


async def overview(session: AsyncSession, site_id: str, *, at: datetime) -> QueueRead:
    """Return who waits and which number each window serves."""
    await sites.get(session, site_id)
    last = await notes.last_numbers(session, [site_id])
    waiting = await store.count_waiting(session, site_id, local_date(at))
    windows = await sites.windows(session, site_id)
    ids = [window.id for window in windows]
    present = await store.at_windows(session, ids)
    paused = await store.paused(session, ids)
    return QueueRead(
        site_id=site_id,
        last_event=last.get(site_id, 0),
        is_day_closed=await store.closed_day(session, site_id, local_date(at)) is not None,
        waiting=sum(waiting.values()),
        waiting_green=waiting.get(True, 0),
        waiting_ordinary=waiting.get(False, 0),
        windows=[
            _shown(window, present.get(window.id), is_paused=window.id in paused)
            for window in windows
        ],
    )


def _shown(window: Window, ticket: Ticket | None, *, is_paused: bool) -> QueueWindow:
    return QueueWindow(
        id=window.id,
        number=window.number,
        name=window.name,
        kind=window.kind,
        state=window.state,
        is_paused=is_paused,
        ticket_number=None if ticket is None else ticket.number,
        ticket_state=None if ticket is None else ticket.state,
    )
