"""How much of this service one partner may take: counted in this process, once it is proven."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from interop_service.errors import TooManyMessages
from interop_service.partners.tables import Partner
from tongban.context import Context

__all__ = ["hold_limits", "place_for", "room_for"]

RESOURCE: Final = "partner_limits"


class Limits:
    """The windows of this process and what is under way."""

    def __init__(self) -> None:
        self.windows = SlidingWindowCounterRateLimiter(MemoryStorage())
        self.under_way: Counter[str] = Counter()


def hold_limits(context: Context) -> None:
    """Begin to count, at the start of a process."""
    context.resources[RESOURCE] = Limits()


@asynccontextmanager
async def room_for(context: Context, partner: Partner) -> AsyncIterator[None]:
    """Count one message of a proven partner for as long as it is handled.

    Raises:
        TooManyMessages: 429, with the time to wait.
    """
    limits: Limits = context.resources[RESOURCE]
    rate = RateLimitItemPerMinute(partner.messages_a_minute)
    async with place_for(context, partner):
        if not await limits.windows.hit(rate, partner.district):
            raise TooManyMessages(limit=str(rate), headers={"Retry-After": "5"})
        yield


@asynccontextmanager
async def place_for(context: Context, partner: Partner) -> AsyncIterator[None]:
    """Count one request of a proven partner among those handled at a time, and no further.

    A file's chunks are limited by what was announced: its messages are not to wait for them.

    Raises:
        TooManyMessages: 429, with the time to wait.
    """
    limits: Limits = context.resources[RESOURCE]
    # Told now: where the message is refused its session is gone before the count is.
    district = partner.district
    if limits.under_way[district] >= partner.messages_at_once:
        raise TooManyMessages(limit=f"{partner.messages_at_once}", headers={"Retry-After": "1"})
    limits.under_way[district] += 1
    try:
        yield
    finally:
        limits.under_way[district] -= 1
