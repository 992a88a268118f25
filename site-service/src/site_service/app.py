"""The one place where the service is put together."""

from fastapi import FastAPI

from site_service.consumers import CONSUMED
from site_service.database import SiteTables
from site_service.events import PUBLISHED
from site_service.settings import Settings
from tongban import app
from tongban.service import Service

__all__ = ["SERVICE", "create_app"]

SERVICE = Service(
    name="site",
    title={"zh-CN": "网点服务", "en": "site service"},
    settings=Settings,
    routers=(),
    metadata=SiteTables.metadata,
    migrations="site_service.migrations",
    publishes=PUBLISHED,
    consumes=CONSUMED,
)


def create_app(settings: Settings) -> FastAPI:
    """Return the service's API."""
    return app.create(SERVICE, settings)
