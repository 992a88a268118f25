"""How the line to a partner is: closed for a time, dead for a while, or good again."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.partners import rules, service, store
from interop_service.partners.tables import Partner
from tongban import audit

__all__ = ["note_failure", "note_success", "pause", "rest"]


async def pause(
    session: AsyncSession, district: str, *, until: datetime | None, actor: str
) -> Partner:
    """Send a partner nothing until then: it is closed; what waits is kept.

    Raises:
        PartnerNotFound: 404.
    """
    row = await service.locked(session, district)
    row.paused_until = until
    audit.note(
        session,
        actor=actor,
        action="partner.pause",
        subject=district,
        payload={"until": until.isoformat() if until is not None else None},
    )
    await session.flush()
    return row


async def rest(session: AsyncSession, district: str, *, until: datetime) -> None:
    """Send a partner nothing until then: it takes no more of us for the moment."""
    await store.pause(session, district, until=until)


async def note_failure(session: AsyncSession, district: str, *, at: datetime, chance: float) -> int:
    """Note that an attempt failed by the partner or the network; return how many in a row did.

    Where it were too many, the partner is left alone for a while.
    """
    failures = await store.count_failure(session, district)
    rest = rules.rest_seconds(failures, chance)
    if rest:
        await store.pause(session, district, until=at + timedelta(seconds=rest))
    return failures


async def note_success(session: AsyncSession, district: str) -> None:
    """Note that the partner took a message: nothing keeps the others back any more."""
    await store.forget_failures(session, district)
