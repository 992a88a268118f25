"""Whether one district may ask another about a licence: by agreement and register, else not."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.equivalences import service as equivalences
from interop_service.partners import service as partners
from tongban.clock import local_date

__all__ = ["reasons_against"]


async def reasons_against(
    session: AsyncSession,
    code: str,
    *,
    partner: str,
    our_type: str,
    their_type: str,
    at: datetime,
) -> list[str]:
    """Return every reason why a licence type may not be asked about under an agreement now."""
    on = local_date(at)
    agreement = await partners.agreement(session, code)
    found: list[str] = [
        *await partners.standing_against(session, agreement, partner=partner, on=on)
    ]
    if agreement is not None:
        found += await equivalences.types_against(
            session, agreement, our_type=our_type, their_type=their_type, on=on
        )
    return found
