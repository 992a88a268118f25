"""Whether anything waits to be sent now: a look before it is taken."""

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Select, bindparam, select
from sqlalchemy.orm import InstrumentedAttribute

from interop_service.exchanges.rules import DeliveryState

__all__ = ["any_due"]


def any_due(
    state: InstrumentedAttribute[DeliveryState], next_attempt_at: InstrumentedAttribute[datetime]
) -> Select[Any]:
    """Return the look at a table of what waits; made once, it is not built anew each time."""
    now = bindparam("now", type_=DateTime(timezone=True))
    return select(select(1).where(state == DeliveryState.DUE, next_attempt_at <= now).exists())
