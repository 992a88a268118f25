"""The services' documents fit into one, and lose nothing on the way."""

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.openapi import METHODS, merge
from gateway.routing import is_exchange, is_public
from support.house import SERVICES, service_of
from tongban import app
from tongban.shapes import words_of
from tongban.testing.district import TestDistrict


@pytest.fixture(scope="module")
def documents(district: TestDistrict) -> dict[str, dict[str, Any]]:
    """Each service's own document."""
    made = {}
    for name in SERVICES:
        service = service_of(name)
        told = district.settings(name, database_url="postgresql+asyncpg://none", nats_url="none")
        made[name] = app.create(service, service.settings(**told)).openapi()
    return made


@pytest.fixture(scope="module")
def merged(documents: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What the gateway tells."""
    return merge(documents)


def _references_in(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                yield value
            else:
                yield from _references_in(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references_in(value)


def _operations_of(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def _patterns_in(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("pattern"), str):
            yield node["pattern"]
        for value in node.values():
            yield from _patterns_in(value)
    elif isinstance(node, list):
        for value in node:
            yield from _patterns_in(value)


# Of the Idempotency-Key, whose problem is its own; and no pattern of a person's text.
OF_PROGRAMS = {r"^[\x21-\x7e]+$"}


def test_whoever_misses_a_pattern_is_told_in_words(documents: dict[str, dict[str, Any]]) -> None:
    patterns = {one for document in documents.values() for one in _patterns_in(document)}
    without = {one for one in patterns - OF_PROGRAMS if words_of(one) is None}

    assert not without, "say what it is with tongban.shapes.shape"


def test_no_operation_is_lost(documents: dict[str, dict[str, Any]], merged: dict[str, Any]) -> None:
    each = [name for document in documents.values() for name in _operations_of(document)]

    assert sorted(each) == sorted(_operations_of(merged))


def test_every_reference_leads_somewhere(merged: dict[str, Any]) -> None:
    for reference in _references_in(merged):
        place = merged
        for step in reference.removeprefix("#/").split("/"):
            place = place[step.replace("~1", "/").replace("~0", "~")]
        assert place


def test_operations_are_named_once(merged: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in _operations_of(merged).values()]

    assert len(names) == len(set(names))


def test_what_needs_no_token_by_the_document_needs_none_at_the_door(
    merged: dict[str, Any],
) -> None:
    shut = []
    for name, operation in _operations_of(merged).items():
        method, _, path = name.partition(" ")
        if "security" not in operation and not is_public(method, path) and not is_exchange(path):
            shut.append(name)

    assert not shut
