"""The one place where the gateway is put together.

A raw ASGI application: what goes to a service meets no framework on its way.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from fastapi import FastAPI
from prometheus_client import REGISTRY
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway import asyncapi, openapi, pages
from gateway.documents import Document
from gateway.identity import identify
from gateway.limits import Limits
from gateway.proxy import Proxy
from gateway.routing import EXCHANGES, PREFIX, is_exchange, is_partners, owner_of, resource_of
from gateway.settings import Serves, Settings
from gateway.upstreams import Report, pools_of
from tongban.app import install_errors
from tongban.identity import TokenRefused, Verifier
from tongban.problems import InternalError, NotFound, Problem, render
from tongban.telemetry import Telemetry

__all__ = ["create_app"]

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Passage:
    """What a request is counted as, in the metrics: its first element, not its ids."""

    path: str


class Gateway:
    """Who are you, how often, then on to the service."""

    def __init__(self, settings: Settings, *, pages: ASGIApp) -> None:
        self._pages = pages
        self._verifier = Verifier(
            issuer=settings.oidc_issuer,
            audience=settings.oidc_audience,
            jwks_url=settings.oidc_jwks_url,
            district=settings.district,
        )
        self._limits = Limits(settings)
        self._serves = settings.serves
        self.proxy: Proxy | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith((PREFIX, EXCHANGES)):
            await self._pages(scope, receive, send)
            return
        has_started = False

        async def send_on(message: Message) -> None:
            nonlocal has_started
            has_started = True
            await send(message)

        try:
            await self._pass_on(scope, receive, send_on)
        except Problem as problem:
            await render(problem, Request(scope))(scope, receive, send)
        except Exception:
            log.exception("gateway.internal_error", path=scope["path"])
            if has_started:
                raise
            await render(InternalError(), Request(scope))(scope, receive, send)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        service = owner_of(path)
        if service is None or not self._is_for(method, path):
            raise NotFound
        scope["route"] = Passage(EXCHANGES if is_exchange(path) else f"{PREFIX}{resource_of(path)}")
        address = scope["client"][0] if scope.get("client") else "unknown"
        try:
            visitor = await identify(
                self._verifier,
                method=method,
                path=path,
                headers=Headers(scope=scope),
                address=address,
            )
        except TokenRefused:
            await self._limits.refused(address)
            raise
        await self._limits.admit(visitor, method=method, path=path)
        assert self.proxy is not None  # noqa: S101  # opened by the lifespan, before any request
        await self.proxy.forward(service, scope, receive, send)

    def _is_for(self, method: str, path: str) -> bool:
        match self._serves:
            case Serves.PARTNERS:
                return is_partners(method, path)
            case Serves.PUBLIC:
                return not is_exchange(path)
            case Serves.ALL:
                return True


def create_app(settings: Settings) -> ASGIApp:
    """Return the gateway."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        pools = pools_of(settings.upstreams)
        report = Report(pools.values())
        REGISTRY.register(report)
        async with Proxy.open(pools, answer_seconds=settings.answer_seconds) as proxy:
            gateway.proxy = proxy
            app.state.session = proxy.session
            app.state.upstreams = settings.upstreams
            app.state.openapi = Document("/openapi.json", openapi.merge, proxy)
            app.state.asyncapi = Document("/asyncapi.json", asyncapi.merge, proxy)
            yield
        REGISTRY.unregister(report)

    own = FastAPI(routes=pages.routes(), lifespan=lifespan, openapi_url=None)
    install_errors(own)
    gateway = Gateway(settings, pages=own)
    return Telemetry(gateway, service="gateway")
