"""A case service of its own whose time a test sets, and in which what falls due is done."""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import select

from case_service.app import DUTIES
from case_service.cases.tables import Case
from case_service.duty import run_due
from case_service.supervision.tables import Order
from support.case_world import Counter, know_matter
from tongban.clock import SHANGHAI
from tongban.testing.fixtures import RunningService

__all__ = ["TimePassing", "at_nine"]


def at_nine(day: str) -> datetime:
    """Return nine in the morning of a day in Shanghai."""
    return datetime.combine(date.fromisoformat(day), time(9), SHANGHAI)


@dataclass
class TimePassing:
    """Sets the service's clock, walks cases along and lets the worker do what falls due."""

    running: RunningService
    at: datetime = field(default_factory=lambda: at_nine("2026-03-02"))

    def __post_init__(self) -> None:
        self.running.context.clock = lambda: self.at
        self.counter = Counter(self.running)

    async def on(self, day: str) -> int:
        """Let it be nine in the morning of that day, and do what fell due; return how much."""
        return await self.pass_to(at_nine(day))

    async def pass_to(self, at: datetime) -> int:
        """Let it be that moment, and do what fell due; return how much."""
        self.at = at
        total, done = 0, -1
        while done:
            done = sum([await run_due(self.running.context, duty) for duty in DUTIES])
            total += done
        return total

    async def matter(self, **changes: Any) -> str:
        """Return the code of a licence matter with five promised days and a review of two."""
        steps = [{"name": "审查", "kind": "review", "days": 2}]
        return await know_matter(self.running, **{"steps": steps, **changes})

    async def case(self, case_id: str) -> Case:
        """Return the row as it is stored."""
        async with self.running.context.sessions() as session:
            return (await session.scalars(select(Case).where(Case.id == case_id))).one()

    async def orders(self, case_id: str) -> list[Order]:
        """Return the case's supervision orders, oldest first."""
        async with self.running.context.sessions() as session:
            found = select(Order).where(Order.case_id == case_id).order_by(Order.id)
            return list(await session.scalars(found))

    async def lights_told(self, case_id: str) -> list[tuple[str | None, str | None]]:
        """Return each light that was told of, with the step's."""
        told = await self.running.outbox.envelopes(case_id)
        return [
            (one.data["light"], one.data["step_light"])
            for one in told
            if one.event_type == "case.case.light_changed"
        ]
