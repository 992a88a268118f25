"""What a service is: the parts it is put together from, as one value."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from sqlalchemy import MetaData, Select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.context import Context
from tongban.inbox import Subscription
from tongban.messages import Event
from tongban.settings import ServiceSettings

__all__ = ["Loop", "Republish", "Service", "Timer"]

Republish = Callable[[AsyncSession], AsyncIterator[tuple[Event, int]]]
"""Yields the current state of each aggregate as (reference event, its sequence)."""

Loop = Callable[[Context], Awaitable[None]]
"""Runs for as long as the worker; starts again, with a pause, when it fails."""


@dataclass(frozen=True)
class Timer:
    """Work that falls due regularly; one worker at a time does it, in one transaction."""

    every: timedelta
    run: Callable[[AsyncSession, Context], Awaitable[object]]
    look: Select[Any] | None = None
    """Tells whether there is anything to do: one small statement in place of a transaction."""

    @property
    def name(self) -> str:
        return self.run.__name__


@dataclass(frozen=True)
class Service:
    """A service's parts. `app.py` of each service makes exactly one of these."""

    name: str
    title: Mapping[str, str]
    settings: type[ServiceSettings]
    routers: Sequence[APIRouter]
    metadata: MetaData
    migrations: str
    """The package that holds the service's migrations, e.g. `case_service.migrations`."""
    publishes: Sequence[type[Event]] = ()
    consumes: Sequence[Subscription] = ()
    timers: Sequence[Timer] = ()
    loops: Mapping[str, Loop] = field(default_factory=dict)
    republish: Republish | None = None
    prepare: Callable[[Context], Any] | None = None
    """Puts what the service holds for itself into `context.resources`, at start."""
