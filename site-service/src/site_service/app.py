"""The one place where the service is put together."""

from datetime import timedelta

from fastapi import FastAPI

from site_service.appointments.due import settle_appointments
from site_service.appointments.routes import router as appointments_router
from site_service.consumers import CONSUMED
from site_service.coverage.routes import router as coverage_router
from site_service.database import SiteTables
from site_service.elderly.routes import router as elderly_router
from site_service.events import PUBLISHED
from site_service.helpers.home_routes import router as home_visits_router
from site_service.helpers.routes import router as helpers_router
from site_service.helpers.service import lapse_left_over
from site_service.open_data.routes import router as open_data_router
from site_service.queue.days import end_of_day
from site_service.queue.display_routes import router as display_router
from site_service.queue.routes import router as queue_router
from site_service.queue.window_routes import router as windows_router
from site_service.rosters.routes import router as rosters_router
from site_service.settings import Settings
from site_service.sites.registry import reopen_sites
from site_service.sites.registry_routes import router as registry_router
from site_service.sites.routes import router as sites_router
from site_service.sites.service import current_states
from site_service.speech.routes import router as speech_router
from site_service.staffing.routes import router as staffing_router
from site_service.statistics.counting import count_days
from site_service.statistics.routes import router as statistics_router
from tongban import app
from tongban.service import Service, Timer

__all__ = ["SERVICE", "create_app"]

SERVICE = Service(
    name="site",
    title={"zh-CN": "网点服务", "en": "site service"},
    settings=Settings,
    routers=(
        registry_router,
        rosters_router,
        speech_router,
        elderly_router,
        helpers_router,
        home_visits_router,
        sites_router,
        coverage_router,
        # Before the queue's: /tickets/statistics is no ticket.
        statistics_router,
        staffing_router,
        queue_router,
        windows_router,
        display_router,
        appointments_router,
        open_data_router,
    ),
    metadata=SiteTables.metadata,
    migrations="site_service.migrations",
    publishes=PUBLISHED,
    consumes=CONSUMED,
    timers=(
        Timer(every=timedelta(minutes=1), run=reopen_sites),
        Timer(every=timedelta(seconds=20), run=end_of_day),
        Timer(every=timedelta(seconds=20), run=settle_appointments),
        Timer(every=timedelta(minutes=10), run=lapse_left_over),
        Timer(every=timedelta(minutes=1), run=count_days),
    ),
    republish=current_states,
)


def create_app(settings: Settings) -> FastAPI:
    """Return the service's API."""
    return app.create(SERVICE, settings)
