"""One AsyncAPI document for all services, put together from theirs.

Each service's names begin with its own, so none means two things.
"""

from collections.abc import Mapping
from typing import Any

__all__ = ["merge"]

Schema = dict[str, Any]


def merge(documents: Mapping[str, Schema]) -> Schema:
    """Return the document of every event of the district (by service)."""
    merged: Schema = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tongban · 通办 事件",
            "version": "1",
            "description": "一区各服务发布与订阅的全部事件。\n\n"
            "Every event that a district's services tell and hear.",
        },
        "defaultContentType": "application/json",
        "channels": {},
        "operations": {},
        "components": {},
        "x-hears": [],
    }
    for document in documents.values():
        for part in ("channels", "operations"):
            merged[part].update(document.get(part, {}))
        for kind, components in document.get("components", {}).items():
            merged["components"].setdefault(kind, {}).update(components)
        merged["x-hears"] += document.get("x-hears", [])
    return merged
