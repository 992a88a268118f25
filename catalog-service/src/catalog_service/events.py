"""PUBLIC: every event this service publishes, as versioned models."""

from datetime import date
from typing import Literal, Self

from pydantic import BaseModel

from catalog_service.life_events.content import EXAMPLE_LIFE_EVENT, LifeEventContent
from catalog_service.matters.content import MatterContent
from catalog_service.matters.example import EXAMPLE_CONTENT
from tongban.messages import Event

__all__ = ["PUBLISHED", "CalendarChanged", "CalendarDayTold", "LifeEventChanged", "MatterChanged"]


class MatterChanged(Event):
    """事项版本已发布或停用: the full state of one version of a matter."""

    SUBJECT = "catalog.matter.changed"

    code: str
    version: int
    state: Literal["published", "retired"]
    effective_from: date
    retired_on: date | None
    owner_district: str
    content: MatterContent

    def key(self) -> str:
        return f"{self.code}-{self.version}"

    @classmethod
    def example(cls) -> Self:
        """Return one as consumers' tests read it."""
        return cls.model_validate(
            {
                "code": EXAMPLE_CONTENT["code"],
                "version": 1,
                "state": "published",
                "effective_from": "2020-06-15",
                "retired_on": None,
                "owner_district": "610171",
                "content": EXAMPLE_CONTENT,
            }
        )


class CalendarDayTold(BaseModel):
    """A day that is not what its weekday says."""

    day: date
    kind: Literal["holiday", "make_up_workday"]
    name: str | None


class CalendarChanged(Event):
    """工作日历已调整: a whole year of the working-day calendar."""

    SUBJECT = "catalog.calendar.changed"

    year: int
    is_published: bool
    days: list[CalendarDayTold]

    def key(self) -> str:
        return str(self.year)

    @classmethod
    def example(cls) -> Self:
        """Return one as consumers' tests read it."""
        return cls.model_validate(
            {
                "year": 2026,
                "is_published": True,
                "days": [
                    {"day": "2026-10-01", "kind": "holiday", "name": "国庆节"},
                    {"day": "2026-10-10", "kind": "make_up_workday", "name": "国庆节"},
                ],
            }
        )


class LifeEventChanged(Event):
    """一件事已发布或停用: the full state of a life event."""

    SUBJECT = "catalog.life_event.changed"

    code: str
    state: Literal["published", "retired"]
    owner_district: str
    content: LifeEventContent

    def key(self) -> str:
        return self.code

    @classmethod
    def example(cls) -> Self:
        """Return one as consumers' tests read it."""
        return cls.model_validate(
            {
                "code": EXAMPLE_LIFE_EVENT["code"],
                "state": "published",
                "owner_district": "610171",
                "content": EXAMPLE_LIFE_EVENT,
            }
        )


PUBLISHED: tuple[type[Event], ...] = (MatterChanged, CalendarChanged, LifeEventChanged)
