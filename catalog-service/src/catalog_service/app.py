"""The one place where the service is put together."""

from collections.abc import AsyncIterator

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

import catalog_service.basic_items.tables
import catalog_service.publications.tables
import catalog_service.reports.tables  # noqa: F401  # the three are in the metadata from here on
from catalog_service.calendar import routes as calendar
from catalog_service.calendar import service as years
from catalog_service.consumers import CONSUMED
from catalog_service.database import CatalogTables
from catalog_service.events import PUBLISHED
from catalog_service.matters import routes as matters
from catalog_service.matters import service as versions
from catalog_service.metrics import routes as metrics
from catalog_service.search import routes as search
from catalog_service.settings import Settings
from catalog_service.transfer import routes as transfer
from tongban import app
from tongban.messages import Event
from tongban.service import Service

__all__ = ["SERVICE", "create_app"]


async def republish(session: AsyncSession) -> AsyncIterator[tuple[Event, int]]:
    """Yield the state of every published or retired version and of every calendar year."""
    async for version, sequence in versions.told(session):
        yield version, sequence
    async for year, sequence in years.told(session):
        yield year, sequence


SERVICE = Service(
    name="catalog",
    title={"zh-CN": "事项目录服务", "en": "catalog service"},
    settings=Settings,
    # The suggestions' path would else be read as a matter's code.
    routers=(search.router, matters.router, transfer.router, metrics.router, calendar.router),
    metadata=CatalogTables.metadata,
    migrations="catalog_service.migrations",
    publishes=PUBLISHED,
    consumes=CONSUMED,
    republish=republish,
)


def create_app(settings: Settings) -> FastAPI:
    """Return the service's API."""
    return app.create(SERVICE, settings)
