"""The one place where the service is put together."""

from fastapi import FastAPI

from interop_service.consumers import CONSUMED
from interop_service.database import InteropTables
from interop_service.events import PUBLISHED
from interop_service.settings import Settings
from tongban import app
from tongban.service import Service

__all__ = ["SERVICE", "create_app"]

SERVICE = Service(
    name="interop",
    title={"zh-CN": "跨区互通服务", "en": "interop service"},
    settings=Settings,
    routers=(),
    metadata=InteropTables.metadata,
    migrations="interop_service.migrations",
    publishes=PUBLISHED,
    consumes=CONSUMED,
)


def create_app(settings: Settings) -> FastAPI:
    """Return the service's API."""
    return app.create(SERVICE, settings)
