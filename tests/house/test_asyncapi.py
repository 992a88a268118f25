"""Every event type told is documented: its channel, its envelope, its schema and an example."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from gateway.asyncapi import merge
from support.house import SERVICES, consumed_by, published_by, service_of
from tongban.asyncapi import asyncapi_of
from tongban.messages import Envelope, Event, stream_of

PUBLISHED = [(service, event) for service in SERVICES for event in published_by(service)]
NAMES = [event.SUBJECT for _, event in PUBLISHED]
# What AsyncAPI 3.0 allows at the root, in a channel, an operation and a message.
ROOT = {"asyncapi", "info", "defaultContentType", "channels", "operations", "components"}
CHANNEL = {"address", "description", "parameters", "messages"}
OPERATION = {"action", "channel", "messages"}
MESSAGE = {"name", "title", "summary", "contentType", "headers", "payload", "examples"}
COMPONENT = re.compile(r"[A-Za-z0-9._-]+")


@pytest.fixture(scope="module")
def documents() -> dict[str, dict[str, Any]]:
    """Each service's own document, as it is sent."""
    return {name: json.loads(json.dumps(asyncapi_of(service_of(name)))) for name in SERVICES}


@pytest.fixture(scope="module")
def merged(documents: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What the gateway tells."""
    return merge(documents)


def _at(document: dict[str, Any], reference: str) -> Any:
    place: Any = document
    for step in reference.removeprefix("#/").split("/"):
        place = place[step]
    return place


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


@pytest.mark.parametrize(("service", "event"), PUBLISHED, ids=NAMES)
def test_every_event_has_an_entry_with_an_example_that_fits_its_schema(
    merged: dict[str, Any], service: str, event: type[Event]
) -> None:
    channel = merged["channels"][event.SUBJECT]
    [reference] = channel["messages"].values()
    message = _at(merged, reference["$ref"])
    [example] = message["examples"]
    validator = jsonschema_rs.validator_for(
        {**message["payload"], "components": merged["components"]}
    )

    validator.validate(example["payload"])
    told = Envelope.model_validate(example["payload"])
    assert told.event_type == event.SUBJECT
    assert event.model_validate(told.data).key() == told.subject
    assert channel["address"] == f"{event.SUBJECT}.{{key}}"
    assert channel["x-stream"]["name"] == stream_of(event.SUBJECT)
    assert message["summary"], "an event says in a line what happened"
    assert merged["operations"][f"tell.{event.SUBJECT}"]["action"] == "send"


@pytest.mark.parametrize("service", SERVICES)
def test_whatever_a_service_hears_is_listed(
    documents: dict[str, dict[str, Any]], merged: dict[str, Any], service: str
) -> None:
    listed = {heard["subject"] for heard in documents[service]["x-hears"]}

    assert listed == {model.SUBJECT for _, model in consumed_by(service)}
    assert listed <= set(merged["channels"])
    assert all(heard in merged["x-hears"] for heard in documents[service]["x-hears"])


def test_no_document_says_what_asyncapi_does_not_know(
    documents: dict[str, dict[str, Any]], merged: dict[str, Any]
) -> None:
    for document in (*documents.values(), merged):
        assert document["asyncapi"] == "3.0.0"
        assert _known(document) == ROOT
        assert all(_known(one) == CHANNEL for one in document["channels"].values())
        assert all(_known(one) == OPERATION for one in document["operations"].values())
        assert all(_known(one) == MESSAGE for one in document["components"]["messages"].values())
        for components in document["components"].values():
            assert all(COMPONENT.fullmatch(name) for name in components)


def test_every_reference_leads_somewhere_and_nothing_is_lost(
    documents: dict[str, dict[str, Any]], merged: dict[str, Any]
) -> None:
    for document in (*documents.values(), merged):
        for reference in _references_in(document):
            assert _at(document, reference)
    for kind in ("channels", "operations"):
        assert len(merged[kind]) == sum(len(one[kind]) for one in documents.values())
    for document in documents.values():
        for kind, components in document["components"].items():
            for name, component in components.items():
                assert merged["components"][kind][name] == component


def _known(node: dict[str, Any]) -> set[str]:
    return {key for key in node if not key.startswith("x-")}
