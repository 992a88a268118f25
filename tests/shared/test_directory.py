"""Each request finds by the directory the route that FastAPI would have found for it."""

import re
from importlib import import_module
from typing import Any

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import Match

from tongban.directory import Directory

SERVICES = ("catalog", "case", "site", "interop")


def routes_of(service: str) -> list[APIRoute]:
    parts = import_module(f"{service}_service.app").SERVICE.routers
    return [route for part in parts for route in part.routes if isinstance(route, APIRoute)]


def request(method: str, path: str, **more: Any) -> dict[str, Any]:
    return {"type": "http", "method": method, "path": path, "headers": [], **more}


async def nobody(*_: Any) -> None:
    """Stands for the long way."""


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_is_found_as_fastapi_finds_it(service: str) -> None:
    routes = routes_of(service)
    directory = Directory(routes, otherwise=nobody)

    for route in routes:
        path = re.sub(r"{[^}]+}", "one", route.path)
        for method in route.methods or ():
            asked = request(method, path)
            first = next(one for one in routes if one.matches(asked)[0] is Match.FULL)
            found = directory.find(asked)

            if ":path}" in first.path:
                assert found is None
                continue
            assert found is not None
            assert found == (first, first.matches(asked)[1])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/api/v1/cases"),
        ("GET", "/api/v1/cases/"),
        ("GET", "/api/v1/nothing"),
        ("GET", "/api/v1"),
        ("GET", "/healthz"),
        ("HEAD", "/api/v1/cases"),
    ],
)
def test_what_it_does_not_know_goes_the_long_way(method: str, path: str) -> None:
    directory = Directory(routes_of("case"), otherwise=nobody)

    assert directory.find(request(method, path)) is None
    assert directory.find(request("GET", "/api/v1/cases", root_path="/below")) is None


@pytest.mark.parametrize("path", ["/api/v1/{resource}", "/api/v1/files/{name:path}", "/status"])
def test_a_route_without_a_place_goes_the_long_way_and_comes_last(path: str) -> None:
    fixed = path.partition("{")[0]
    part = APIRouter()
    part.add_api_route(path, nobody, methods=["GET"], response_model=None)
    part.add_api_route(f"{fixed}/one/two/three", nobody, methods=["GET"], response_model=None)
    last, first = [route for route in part.routes if isinstance(route, APIRoute)]

    assert Directory([first, last], otherwise=nobody).find(request("GET", path)) is None
    with pytest.raises(ValueError, match="a route before it"):
        Directory([last, first], otherwise=nobody)
