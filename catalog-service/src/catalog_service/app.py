"""The one place where the service is put together."""

from fastapi import FastAPI

from catalog_service.consumers import CONSUMED
from catalog_service.database import CatalogTables
from catalog_service.events import PUBLISHED
from catalog_service.settings import Settings
from tongban import app
from tongban.service import Service

__all__ = ["SERVICE", "create_app"]

SERVICE = Service(
    name="catalog",
    title={"zh-CN": "事项目录服务", "en": "catalog service"},
    settings=Settings,
    routers=(),
    metadata=CatalogTables.metadata,
    migrations="catalog_service.migrations",
    publishes=PUBLISHED,
    consumes=CONSUMED,
)


def create_app(settings: Settings) -> FastAPI:
    """Return the service's API."""
    return app.create(SERVICE, settings)
