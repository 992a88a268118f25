"""The house as the laws see it: the packages, their files, and each service's declared parts."""

import ast
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from tongban.inbox import Steps, Subscription
from tongban.messages import Event
from tongban.service import Service

__all__ = [
    "PACKAGES",
    "ROOT",
    "SERVICES",
    "aggregates_of",
    "consumed_by",
    "imports_of",
    "named",
    "package_of",
    "published_by",
    "routes_of",
    "service_of",
    "sources_of",
]

ROOT = Path(__file__).parents[2]
SERVICES = ("catalog", "case", "site", "interop")
PACKAGES = {
    "tongban": ROOT / "shared/src/tongban",
    "gateway": ROOT / "gateway/src/gateway",
    **{f"{name}_service": ROOT / f"{name}-service/src/{name}_service" for name in SERVICES},
    "tongban_client": ROOT / "client/src/tongban_client",
}


def package_of(service: str) -> Path:
    """Return the service's source folder."""
    return PACKAGES[f"{service}_service"]


def sources_of(*packages: str) -> list[Path]:
    """Return the Python files of these packages; of all where none is named."""
    return sorted(
        path
        for package in packages or PACKAGES
        for path in PACKAGES[package].rglob("*.py")
        if "__pycache__" not in path.parts
    )


def named(path: Path) -> str:
    """Return how a file is called in a failure: from the repository's root."""
    return str(path.relative_to(ROOT))


def aggregates_of(service: str) -> list[Path]:
    """Return the folders of the service's aggregates."""
    return sorted(
        folder
        for folder in package_of(service).iterdir()
        if (folder / "__init__.py").exists() and folder.name != "migrations"
    )


@cache
def imports_of(path: Path) -> tuple[tuple[int, str], ...]:
    """Return (line, dotted name) of all that a file imports, names taken from modules included."""
    return tuple(_imports_in(ast.parse(path.read_text())))


def _imports_in(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def service_of(name: str) -> Service:
    """Return the service's declared parts."""
    service: Service = import_module(f"{name}_service.app").SERVICE
    return service


def published_by(name: str) -> Sequence[type[Event]]:
    """Return the events that the service publishes."""
    published: Sequence[type[Event]] = import_module(f"{name}_service.events").PUBLISHED
    return published


def consumed_by(name: str) -> list[tuple[Subscription, type[Event]]]:
    """Return what the service hears: each subscription with each model it reads."""
    return [
        (subscription, model)
        for subscription in service_of(name).consumes
        for model in _models_of(subscription)
    ]


def _models_of(subscription: Subscription) -> list[type[Event]]:
    if isinstance(subscription, Steps):
        return list(subscription.handlers)
    return [subscription.event]


def routes_of(name: str) -> list[APIRoute]:
    """Return the service's routes."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    for router in service_of(name).routers:
        app.include_router(router)
    found = (context.original_route for context in iter_route_contexts(app.routes))
    return [route for route in found if isinstance(route, APIRoute)]
