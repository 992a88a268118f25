"""The one place where the service is put together."""

from fastapi import FastAPI

from case_service.assistance import routes as assistance
from case_service.cases import routes as cases
from case_service.consumers import CONSUMED
from case_service.database import CaseTables
from case_service.documents import routes as documents
from case_service.events import PUBLISHED
from case_service.licences import routes as licences
from case_service.ratings import routes as ratings
from case_service.seals import routes as seals
from case_service.settings import Settings
from tongban import app
from tongban.service import Service

__all__ = ["SERVICE", "create_app"]

SERVICE = Service(
    name="case",
    title={"zh-CN": "办件服务", "en": "case service"},
    settings=Settings,
    routers=(
        cases.router,
        documents.router,
        seals.router,
        licences.router,
        ratings.router,
        assistance.router,
    ),
    metadata=CaseTables.metadata,
    migrations="case_service.migrations",
    publishes=PUBLISHED,
    consumes=CONSUMED,
)


def create_app(settings: Settings) -> FastAPI:
    """Return the service's API."""
    return app.create(SERVICE, settings)
