"""Makes a service's HTTP application: routes, errors, health, metrics, and its OpenAPI page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.routing import APIRoute
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException as StarletteHTTPException

from tongban.asyncapi import asyncapi_of
from tongban.context import Context, open_context
from tongban.directory import Directory
from tongban.etags import NotModified, StaleVersion
from tongban.idempotency import IdempotentRoute
from tongban.objects import StoreUnavailable
from tongban.openapi import openapi_bytes, openapi_of
from tongban.problems import (
    InternalError,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    Problem,
    ServiceUnavailable,
    from_validation,
    problems,
    render,
)
from tongban.service import Service
from tongban.settings import ServiceSettings
from tongban.telemetry import Telemetry

__all__ = ["create", "health_router", "install_errors", "router"]

log = structlog.get_logger(__name__)

DATABASE_FAULTS = (OperationalError, InterfaceError, TimeoutError, ConnectionError)


def router(tag: str) -> APIRouter:
    """Return a router for one aggregate: its POSTs may carry an `Idempotency-Key`."""
    return APIRouter(route_class=IdempotentRoute, tags=[tag])


def create(service: Service, settings: ServiceSettings) -> FastAPI:
    """Put a service's API together."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_context(settings, pool=settings.api_pool) as context:
            if service.prepare is not None:
                service.prepare(context)
            app.state.context = context
            yield

    app = FastAPI(
        title=f"Tongban · {service.title['zh-CN']} {service.title['en']}",
        version="1",
        lifespan=lifespan,
        responses=problems(MalformedRequest),
        openapi_url=None,
    )
    for part in service.routers:
        app.include_router(part)
    app.include_router(health_router())
    routes = (route for part in service.routers for route in part.routes)
    known = [route for route in routes if isinstance(route, APIRoute)]
    app.router.middleware_stack = Directory(known, otherwise=app.router.middleware_stack)

    @app.get("/asyncapi.json", include_in_schema=False)
    async def events() -> dict[str, Any]:
        """事件文档: what the service tells and hears (AsyncAPI)."""
        return asyncapi_of(service)

    @app.get("/openapi.json", include_in_schema=False)
    def operations() -> Response:
        """接口文档: what the service answers (OpenAPI); made in a thread, for it takes seconds."""
        return Response(openapi_bytes(app), media_type="application/json")

    @app.get("/docs", include_in_schema=False)
    async def pages() -> Response:
        """接口文档页面: the document, for people."""
        return get_swagger_ui_html(openapi_url="/openapi.json", title=app.title)

    install_errors(app)
    app.openapi = lambda: openapi_of(app)  # type: ignore[method-assign]  # FastAPI's documented way
    app.add_middleware(Telemetry, service=service.name)
    return app


def health_router() -> APIRouter:
    """Return /healthz, /readyz and /metrics."""
    part = APIRouter(include_in_schema=False)

    @part.get("/healthz")
    async def alive() -> dict[str, str]:
        """存活检查: the process answers."""
        return {"status": "ok"}

    @part.get("/readyz")
    async def ready(request: Request) -> dict[str, str]:
        """就绪检查: the database answers. The broker is the worker's concern, not the API's."""
        context: Context = request.app.state.context
        async with context.sessions() as session:
            await session.execute(text("SELECT 1"))
        return {"status": "ok", "database": "ok"}

    @part.get("/metrics")
    async def metrics() -> Response:
        """指标: Prometheus text format."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return part


def install_errors(app: FastAPI) -> None:
    """Answer every fault as a problem (RFC 9457)."""

    known: dict[int, type[Problem]] = {404: NotFound, 405: MethodNotAllowed}

    @app.exception_handler(Problem)
    async def problem(request: Request, fault: Problem) -> Response:
        return render(fault, request)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, fault: RequestValidationError) -> Response:
        return render(from_validation(fault), request)

    @app.exception_handler(StarletteHTTPException)
    async def by_status(request: Request, fault: StarletteHTTPException) -> Response:
        kind = known.get(fault.status_code)
        made = kind() if kind else MalformedRequest(reason=str(fault.detail))
        made.headers.update(fault.headers or {})
        return render(made, request)

    @app.exception_handler(StaleDataError)
    async def stale(request: Request, _fault: StaleDataError) -> Response:
        return render(StaleVersion(current="*"), request)

    @app.exception_handler(NotModified)
    async def not_modified(_request: Request, fault: NotModified) -> Response:
        return Response(status_code=304, headers={"ETag": fault.tag})

    async def unavailable(request: Request, fault: Exception) -> Response:
        log.error("database.unavailable", fault=repr(fault))
        return render(ServiceUnavailable(part="database", headers={"Retry-After": "2"}), request)

    for kind in DATABASE_FAULTS:
        app.add_exception_handler(kind, unavailable)

    @app.exception_handler(StoreUnavailable)
    async def without_objects(request: Request, fault: StoreUnavailable) -> Response:
        log.error("objects.unavailable", fault=str(fault))
        return render(ServiceUnavailable(part="objects", headers={"Retry-After": "5"}), request)

    @app.exception_handler(DBAPIError)
    async def database_fault(request: Request, fault: DBAPIError) -> Response:
        if fault.connection_invalidated:
            return await unavailable(request, fault)
        return await internal(request, fault)

    @app.exception_handler(Exception)
    async def internal(request: Request, fault: Exception) -> Response:
        log.error("http.internal_error", path=request.url.path, exc_info=fault)
        return render(InternalError(), request)
