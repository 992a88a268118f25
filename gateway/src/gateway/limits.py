"""How often: one caller, one address or one partner cannot take the platform from the others."""

import math
import re
import time

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from gateway.errors import TooManyRequests
from gateway.identity import Visitor
from gateway.routing import PREFIX
from gateway.settings import Settings

__all__ = ["Limits"]

_PROGRESS = f"{PREFIX}cases/progress"
_TICKETS = re.compile(PREFIX + r"sites/[^/]+/tickets")


class Limits:
    """Counts requests in this process; sliding windows, a few microseconds each."""

    def __init__(self, settings: Settings) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._requests = parse(settings.request_rate)
        self._progress = parse(settings.progress_rate)
        self._tickets = parse(settings.ticket_rate)
        self._exchanges = parse(settings.exchange_rate)

    async def admit(self, visitor: Visitor, *, method: str, path: str) -> None:
        """Count one request.

        Raises:
            TooManyRequests: 429, with the time to wait.
        """
        # A partner is only claimed until interop has verified the signature, so it is counted by
        # address too: neither a made-up sender nor a stolen name gets a window of its own.
        if visitor.subject is not None:
            await self._count(self._requests, "subject", visitor.subject)
        else:
            await self._count(self._requests, "address", visitor.address)
        if visitor.partner is not None:
            await self._count(self._exchanges, "partner", visitor.partner, visitor.address)
        if method != "POST":
            return
        if path == _PROGRESS:
            await self._count(self._progress, "progress", visitor.address)
        elif _TICKETS.fullmatch(path):
            await self._count(self._tickets, "tickets", visitor.subject or visitor.address)

    async def refused(self, address: str) -> None:
        """Count a refused token against its address: checking a forgery costs more than a read.

        Raises:
            TooManyRequests: 429.
        """
        await self._count(self._requests, "address", address)

    async def _count(self, rate: RateLimitItem, *key: str) -> None:
        if await self._limiter.hit(rate, *key):
            return
        window = await self._limiter.get_window_stats(rate, *key)
        wait = max(1, math.ceil(window.reset_time - time.time()))
        raise TooManyRequests(limit=str(rate), retry_after=wait)
