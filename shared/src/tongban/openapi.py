"""The service's OpenAPI document: what FastAPI writes, and who may call each operation."""

import json
from threading import Lock
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts

from tongban.identity import (
    ForeignDistrict,
    ForeignSite,
    KeysUnavailable,
    NotAllowed,
    Permission,
    TokenMissing,
    TokenRefused,
)
from tongban.problems import MEDIA_TYPE, InternalError, Problem, ProblemBody, ServiceUnavailable

__all__ = ["openapi_bytes", "openapi_of", "permission_of"]

# What any operation may answer besides its own problems, by whether it needs a token.
_EVERYWHERE: tuple[type[Problem], ...] = (
    TokenRefused,
    ServiceUnavailable,
    KeysUnavailable,
    InternalError,
)
_WITH_TOKEN: tuple[type[Problem], ...] = (TokenMissing, NotAllowed, ForeignDistrict, ForeignSite)


def permission_of(route: APIRoute) -> Permission | None:
    """Return the route's one permission; None where it declares none (a house law forbids it)."""
    pending = list(route.dependant.dependencies)
    while pending:
        dependant = pending.pop()
        if isinstance(dependant.call, Permission):
            return dependant.call
        pending.extend(dependant.dependencies)
    return None


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document with who may call each operation."""
    if app.openapi_schema is not None:
        return app.openapi_schema
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
            _add_problems(operation, _EVERYWHERE)
            if permission is None or permission.is_public:
                continue
            _add_problems(operation, _WITH_TOKEN)
            operation["security"] = [{"token": []}]
            operation["x-roles"] = sorted(permission.roles)
            if method == "POST":
                operation.setdefault("parameters", []).append(_IDEMPOTENCY_PARAMETER)
    app.openapi_schema = document
    return document


def openapi_bytes(app: FastAPI) -> bytes:
    """Return the document as JSON, made once; whoever asks meanwhile waits for the same."""
    with _MAKING:
        made: bytes | None = getattr(app.state, "openapi_bytes", None)
        if made is None:
            made = json.dumps(openapi_of(app), ensure_ascii=False, separators=(",", ":")).encode()
            app.state.openapi_bytes = made
    return made


_MAKING = Lock()
_IDEMPOTENCY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "重试时使用同一键，得到同一答复 / the same key, the same answer",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[\\x21-\\x7e]+$"},
}


def _add_problems(operation: dict[str, Any], kinds: tuple[type[Problem], ...]) -> None:
    """Declare on an operation what the kernel may answer on any route."""
    for kind in kinds:
        told = f"{kind.type}: {kind.title['zh-CN']} {kind.title['en']}"
        answer = operation["responses"].setdefault(
            str(kind.status),
            {
                "description": told,
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
            },
        )
        if told not in answer["description"]:
            answer["description"] += f"; {told}"
