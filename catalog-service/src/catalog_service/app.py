"""The one place where the service is put together."""

from collections.abc import AsyncIterator
from datetime import timedelta

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.basic_items import routes as basic_items
from catalog_service.calendar import routes as calendar
from catalog_service.calendar import service as years
from catalog_service.consumers import CONSUMED
from catalog_service.database import CatalogTables
from catalog_service.events import PUBLISHED
from catalog_service.life_events import routes as life_events
from catalog_service.life_events import service as joint
from catalog_service.matters import publication as versions
from catalog_service.matters import routes as matters
from catalog_service.matters import version_routes
from catalog_service.matters.reindexing import ANY_STALE, make_findable_anew
from catalog_service.metrics import routes as metrics
from catalog_service.publications import routes as publications
from catalog_service.publications import service as bulk
from catalog_service.publications.store import ANY_PUBLICATION_WAITING
from catalog_service.reports import routes as reports
from catalog_service.reports import service as upward
from catalog_service.search import routes as search
from catalog_service.settings import Settings
from catalog_service.transfer import routes as transfer
from catalog_service.transfer import streaming as imports
from tongban import app
from tongban.messages import Event
from tongban.service import Service, Timer

__all__ = ["SERVICE", "create_app"]


async def republish(session: AsyncSession) -> AsyncIterator[tuple[Event, int]]:
    """Yield the state of every version told, of every life event and every calendar year."""
    async for version, sequence in versions.told(session):
        yield version, sequence
    async for life_event, sequence in joint.told(session):
        yield life_event, sequence
    async for year, sequence in years.told(session):
        yield year, sequence


SERVICE = Service(
    name="catalog",
    title={"zh-CN": "事项目录服务", "en": "catalog service"},
    settings=Settings,
    # The suggestions' path would else be read as a matter's code.
    routers=(
        search.router,
        matters.router,
        version_routes.router,
        transfer.router,
        metrics.router,
        calendar.router,
        life_events.router,
        basic_items.router,
        publications.router,
        reports.router,
    ),
    metadata=CatalogTables.metadata,
    migrations="catalog_service.migrations",
    publishes=PUBLISHED,
    consumes=CONSUMED,
    timers=(
        Timer(every=timedelta(minutes=1), run=versions.planned_versions_take_effect),
        Timer(every=timedelta(seconds=1), run=bulk.run_publications, look=ANY_PUBLICATION_WAITING),
        Timer(every=timedelta(seconds=1), run=make_findable_anew, look=ANY_STALE),
        Timer(every=timedelta(seconds=5), run=imports.close_broken_off_imports),
        Timer(every=timedelta(seconds=5), run=upward.report_upward),
    ),
    prepare=upward.use_outbox_folder,
    republish=republish,
)


def create_app(settings: Settings) -> FastAPI:
    """Return the service's API."""
    return app.create(SERVICE, settings)
