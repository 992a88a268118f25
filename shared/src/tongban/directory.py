"""Finds a request's route at once (路由索引).

FastAPI asks every included router, and each of its routes, whether the path is theirs, and asks
the one that says yes again: with a hundred and fifty routes that is a quarter of a read. Here a
route is looked up by its method, its length and its resource, and asked alone. What is not found
goes the long way: it is a 404 or a 405, or a page of FastAPI's own.
"""

from collections import defaultdict
from collections.abc import Iterable

from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Directory"]

RESOURCE = 3
"""Which part of `/api/v1/cases/…` names the resource."""

Place = tuple[str, int, str]


class Directory:
    """The routes by their places; goes in front of the router that has them all."""

    def __init__(self, routes: Iterable[APIRoute], otherwise: ASGIApp) -> None:
        self._otherwise = otherwise
        self._places: dict[Place, list[APIRoute]] = defaultdict(list)
        left: list[str] = []
        for route in routes:
            parts = route.path_format.split("/")
            # One whose path may have any length, or names its resource by a parameter, has no
            # place: it is left to the long way, and so must come after those that it answers too.
            if len(parts) <= RESOURCE or "{" in parts[RESOURCE] or ":path}" in route.path:
                left.append(route.path.partition("{")[0])
                continue
            if any(route.path.startswith(fixed) for fixed in left):
                raise ValueError(f"{route.path}: a route before it answers such paths too")
            for method in route.methods or ():
                self._places[method, len(parts), parts[RESOURCE]].append(route)

    def find(self, scope: Scope) -> tuple[APIRoute, Scope] | None:
        """Return the route that answers, and what its path says; None where the long way is due."""
        parts = scope["path"].split("/")
        if len(parts) <= RESOURCE or scope.get("root_path"):
            return None
        for route in self._places.get((scope["method"], len(parts), parts[RESOURCE]), ()):
            match, found = route.matches(scope)
            if match is Match.FULL:
                return route, found
        return None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        known = self.find(scope) if scope["type"] == "http" else None
        if known is None:
            await self._otherwise(scope, receive, send)
            return
        route, found = known
        scope.update(found)
        await route.app(scope, receive, send)
