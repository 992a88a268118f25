"""The gateway's own pages: health, metrics, and the documentation of every service's API."""

import asyncio
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout
from fastapi.openapi.docs import get_swagger_ui_html
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from gateway.documents import Document
from gateway.errors import NotReady

__all__ = ["routes"]

READY_TIMEOUT = ClientTimeout(total=2)

# A district's network may not reach any content delivery network: the page's parts come with us.
ASSETS = Path(str(files("fastapi_offline"))) / "static"


async def alive(_request: Request) -> Response:
    """存活检查: the process answers."""
    return JSONResponse({"status": "ok"})


async def ready(request: Request) -> Response:
    """就绪检查: of every service at least one process is ready; those that are not are listed."""
    session: ClientSession = request.app.state.session
    upstreams: Mapping[str, Sequence[str]] = request.app.state.upstreams
    urls = list(dict.fromkeys(url for each in upstreams.values() for url in each))
    answers = await asyncio.gather(*(_state_of(session, url) for url in urls))
    states = dict(zip(urls, answers, strict=True))
    unready = {url: state for url, state in states.items() if state != "ok"}
    services = {
        service: "ok" if any(states[url] == "ok" for url in each) else states[each[0]]
        for service, each in upstreams.items()
    }
    missing = [service for service, state in services.items() if state != "ok"]
    if missing:
        raise NotReady(
            missing=missing, services=services, unready=unready, headers={"Retry-After": "2"}
        )
    return JSONResponse({"status": "ok", **services, "unready": unready})


async def _state_of(session: ClientSession, url: str) -> str:
    try:
        async with session.get(f"{url}/readyz", timeout=READY_TIMEOUT) as answer:
            return "ok" if answer.status == 200 else f"status {answer.status}"
    except (ClientError, TimeoutError) as fault:
        return type(fault).__name__


async def metrics(_request: Request) -> Response:
    """指标: Prometheus text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def openapi(request: Request) -> Response:
    """接口文档: all services' operations in one document."""
    document: Document = request.app.state.openapi
    return Response(await document.current(), media_type="application/json")


async def asyncapi(request: Request) -> Response:
    """事件文档: all services' events in one document."""
    document: Document = request.app.state.asyncapi
    return Response(await document.current(), media_type="application/json")


async def docs(_request: Request) -> Response:
    """接口文档页面: the document, for people."""
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Tongban · 通办 API",
        swagger_js_url="/docs/assets/swagger-ui-bundle.js",
        swagger_css_url="/docs/assets/swagger-ui.css",
        swagger_favicon_url="/docs/assets/favicon.png",
        swagger_ui_parameters={"docExpansion": "none", "filter": True},
    )


def routes() -> list[BaseRoute]:
    """Return the routes of the gateway's own pages."""
    return [
        Route("/healthz", alive),
        Route("/readyz", ready),
        Route("/metrics", metrics),
        Route("/openapi.json", openapi),
        Route("/asyncapi.json", asyncapi),
        Route("/docs", docs),
        Mount("/docs/assets", StaticFiles(directory=ASSETS)),
    ]
