"""The one source of the present. Everything else is told the time by its caller."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Request

__all__ = ["SHANGHAI", "Clock", "Now", "local_date", "start_of", "utc_now"]

SHANGHAI = ZoneInfo("Asia/Shanghai")

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the present instant, in UTC."""
    return datetime.now(UTC)


def local_date(at: datetime) -> date:
    """Return the calendar day of `at` where the halls are: every legal day is a Shanghai day."""
    return at.astimezone(SHANGHAI).date()


def start_of(day: date) -> datetime:
    """Return the instant at which `day` begins where the halls are."""
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


async def _now(request: Request) -> datetime:
    clock: Clock = request.app.state.context.clock
    return clock()


Now = Annotated[datetime, Depends(_now)]
