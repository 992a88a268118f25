"""Every route says who may call it and its Chinese term, and lies where the gateway looks."""

import re

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from gateway.routing import is_exchange, is_public, owner_of
from support.house import SERVICES, routes_of
from tongban.identity import Permission

CHINESE = re.compile(r"[\u4e00-\u9fff]")
PLACE = re.compile(r"\{[^}]+\}")


def _permissions_of(dependant: Dependant) -> list[Permission]:
    own = [dependant.call] if isinstance(dependant.call, Permission) else []
    return own + [one for inner in dependant.dependencies for one in _permissions_of(inner)]


def _named(route: APIRoute) -> str:
    return f"{'/'.join(sorted(route.methods or ()))} {route.path}"


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_routes(service: str) -> None:
    assert routes_of(service)


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_says_exactly_once_who_may_call_it(service: str) -> None:
    wrong = {
        _named(route): found
        for route in routes_of(service)
        if (found := len(set(map(id, _permissions_of(route.dependant))))) != 1
    }

    assert not wrong, f"permissions declared: {wrong}"


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_has_a_docstring_with_its_chinese_term(service: str) -> None:
    silent = [
        _named(route)
        for route in routes_of(service)
        if not CHINESE.search((route.endpoint.__doc__ or "").partition("\n")[0])
    ]

    assert not silent


@pytest.mark.parametrize("service", SERVICES)
def test_the_gateway_finds_every_route_at_its_service(service: str) -> None:
    lost = {
        _named(route): owner
        for route in routes_of(service)
        if (owner := owner_of(PLACE.sub("x", route.path))) != service
    }

    assert not lost, f"the gateway leads elsewhere: {lost}"


@pytest.mark.parametrize("service", SERVICES)
def test_the_gateway_lets_the_public_through_where_the_route_does(service: str) -> None:
    shut = [
        f"{method} {route.path}"
        for route in routes_of(service)
        if any(permission.is_public for permission in _permissions_of(route.dependant))
        for method in route.methods or ()
        if not is_public(method, path := PLACE.sub("x", route.path)) and not is_exchange(path)
    ]

    assert not shut
