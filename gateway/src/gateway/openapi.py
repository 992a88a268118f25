"""One OpenAPI document for all services, put together from theirs.

Components that two services define alike are shared; where they differ under one name, each gets
its service's name in front.
"""

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["merge"]

REFERENCE = "#/components/"
METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})

Schema = dict[str, Any]


def merge(documents: Mapping[str, Schema]) -> Schema:
    """Return the document that holds every operation of `documents` (by service)."""
    clashes = _clashes(documents)
    merged: Schema = {
        "openapi": "3.1.0",
        "info": {
            "title": "Tongban · 通办 开放政务服务平台",
            "version": "1",
            "description": "一区政务服务的统一接口，各区之间互通办理。\n\n"
            "One door to a district's government services, and between districts.",
        },
        "servers": [{"url": "/"}],
        "paths": {},
        "components": {},
        "tags": [],
    }
    for service, document in documents.items():
        renamed = {
            f"{REFERENCE}{kind}/{name}": f"{REFERENCE}{kind}/{_prefixed(service, name)}"
            for kind, name in clashes
        }
        own = _rewritten(document, renamed)
        merged["paths"].update(own.get("paths", {}))
        for kind, components in own.get("components", {}).items():
            merged["components"].setdefault(kind, {}).update(
                {
                    _prefixed(service, name) if (kind, name) in clashes else name: component
                    for name, component in components.items()
                }
            )
        title = document.get("info", {}).get("title", service).removeprefix("Tongban · ")
        known = {tag["name"] for tag in merged["tags"]}
        merged["tags"] += [
            {"name": tag, "description": title} for tag in _tags(own) if tag not in known
        ]
    return merged


def _prefixed(service: str, name: str) -> str:
    return f"{service.capitalize()}{name}"


def _clashes(documents: Mapping[str, Schema]) -> set[tuple[str, str]]:
    """Return the (kind, name) of components that do not mean the same in every service."""
    found: dict[tuple[str, str], list[Any]] = {}
    for document in documents.values():
        for kind, components in document.get("components", {}).items():
            for name, component in components.items():
                found.setdefault((kind, name), []).append(component)
    shared = {key: ones for key, ones in found.items() if len(ones) > 1}
    clashes = {key for key, ones in shared.items() if any(one != ones[0] for one in ones)}
    while True:
        # Alike in words, but it refers to what differs.
        reached = {
            key
            for key, ones in shared.items()
            if key not in clashes and not clashes.isdisjoint(_references(ones[0]))
        }
        if not reached:
            return clashes
        clashes |= reached


def _references(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str) and value.startswith(REFERENCE):
                kind, _, name = value.removeprefix(REFERENCE).partition("/")
                yield kind, name
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _rewritten(node: Any, renamed: Mapping[str, str]) -> Any:
    """Return `node` with its references renamed, also those of a discriminator's mapping."""
    if isinstance(node, dict):
        return {key: _rewritten(value, renamed) for key, value in node.items()}
    if isinstance(node, list):
        return [_rewritten(value, renamed) for value in node]
    return renamed.get(node, node) if isinstance(node, str) else node


def _tags(document: Schema) -> list[str]:
    """Return the tags of the document's operations, each once, in order."""
    return list(
        dict.fromkeys(
            tag
            for path in document.get("paths", {}).values()
            for method, operation in path.items()
            if method in METHODS
            for tag in operation.get("tags", ())
        )
    )
