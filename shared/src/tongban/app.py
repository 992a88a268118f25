"""Makes a service's HTTP application: routes, errors, health, metrics, and its OpenAPI page."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException as StarletteHTTPException

from tongban.context import Context, open_context
from tongban.etags import NotModified, StaleVersion
from tongban.idempotency import IdempotentRoute
from tongban.identity import Permission
from tongban.problems import (
    InternalError,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    Problem,
    ProblemBody,
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
        docs_url="/docs",
        redoc_url=None,
    )
    for part in service.routers:
        app.include_router(part)
    app.include_router(health_router())
    install_errors(app)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # FastAPI's documented way
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

    async def problem(request: Request, fault: Exception) -> Response:
        assert isinstance(fault, Problem)  # noqa: S101  # registered for Problem
        return render(fault, request)

    async def malformed(request: Request, fault: Exception) -> Response:
        assert isinstance(fault, RequestValidationError)  # noqa: S101
        return render(from_validation(fault), request)

    async def by_status(request: Request, fault: Exception) -> Response:
        assert isinstance(fault, StarletteHTTPException)  # noqa: S101
        known: dict[int, Problem] = {404: NotFound(), 405: MethodNotAllowed()}
        headers = dict(fault.headers or {})
        made = known.get(fault.status_code) or MalformedRequest(reason=str(fault.detail))
        made.headers.update(headers)
        return render(made, request)

    async def unavailable(request: Request, fault: Exception) -> Response:
        log.error("database.unavailable", fault=repr(fault))
        return render(ServiceUnavailable(part="database", headers={"Retry-After": "2"}), request)

    async def database_fault(request: Request, fault: Exception) -> Response:
        assert isinstance(fault, DBAPIError)  # noqa: S101
        if fault.connection_invalidated:
            return await unavailable(request, fault)
        return await internal(request, fault)

    async def stale(request: Request, _fault: Exception) -> Response:
        return render(StaleVersion(current="*"), request)

    async def not_modified(_request: Request, fault: Exception) -> Response:
        assert isinstance(fault, NotModified)  # noqa: S101
        return Response(status_code=304, headers={"ETag": fault.tag})

    async def internal(request: Request, fault: Exception) -> Response:
        log.error("http.internal_error", path=request.url.path, exc_info=fault)
        return render(InternalError(), request)

    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(StarletteHTTPException, by_status)
    app.add_exception_handler(StaleDataError, stale)
    app.add_exception_handler(NotModified, not_modified)
    for kind in DATABASE_FAULTS:
        app.add_exception_handler(kind, unavailable)
    app.add_exception_handler(DBAPIError, database_fault)
    app.add_exception_handler(Exception, internal)


def permission_of(route: APIRoute) -> Permission | None:
    """Return the route's one permission; None where it declares none (a house law forbids it)."""
    pending = list(route.dependant.dependencies)
    while pending:
        dependant = pending.pop()
        if isinstance(dependant.call, Permission):
            return dependant.call
        pending.extend(dependant.dependencies)
    return None


def _openapi(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document with who may call each operation."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    started = time.perf_counter()
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    components = document.setdefault("components", {})
    components.setdefault("schemas", {}).setdefault("ProblemBody", ProblemBody.model_json_schema())
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }
    for context in iter_route_contexts(app.routes):
        route = context.original_route  # included routers are not flattened into app.routes
        if not isinstance(route, APIRoute) or not route.include_in_schema:
            continue
        permission = permission_of(route)
        for method in route.methods or ():
            operation = document["paths"][route.path_format][method.lower()]
            if permission is not None and not permission.is_public:
                operation["security"] = [{"token": []}]
                operation["x-roles"] = sorted(permission.roles)
            if method == "POST" and permission is not None and not permission.is_public:
                operation.setdefault("parameters", []).append(_IDEMPOTENCY_PARAMETER)
    app.openapi_schema = document
    log.debug("openapi.made", milliseconds=round((time.perf_counter() - started) * 1000))
    return document


_IDEMPOTENCY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "重试时使用同一键，得到同一答复 / the same key, the same answer",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[\\x21-\\x7e]+$"},
}
