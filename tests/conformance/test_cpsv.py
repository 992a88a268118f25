"""Our export against CPSV-AP 3.2's published SHACL shapes, which lie outside of the project.

`make conformance STANDARDS=<folder>` names the folder; without it there is nothing to hold the
export to. Nothing is fetched from the network.
"""

import json
import os
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pyshacl
import pytest
import pytest_asyncio
from catalog.factories import claim_basic_items
from rdflib import RDF, Graph

from catalog_service.app import SERVICE, create_app
from support.house import ROOT
from tongban.testing.fixtures import RunningService

STANDARDS = os.environ.get("STANDARDS")
pytestmark = [
    pytest.mark.skipif(not STANDARDS, reason="make conformance STANDARDS=<folder>"),
    # rdflib warns of what its own reader of JSON-LD, and pyshacl, still use.
    pytest.mark.filterwarnings("ignore:.*is deprecated.*:DeprecationWarning"),
]
PROFILE = Path(STANDARDS or "") / "cpsv-ap-3.2.0"
XIAN = ROOT / "deploy/districts/xian-hitech"
DATA = XIAN / "matters.json"
LIFE_EVENTS = XIAN / "life_events.json"

Document = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def exported(run_service: Any) -> Document:
    """The Xi'an data, taken over by the real service and exported by it."""
    catalog: RunningService = await run_service(SERVICE, create_app, log_level="error")
    await claim_basic_items(catalog)
    admin = catalog.district.headers("admin")
    taken = await catalog.client.post(
        "/api/v1/catalog/import?publish=true",
        content=DATA.read_bytes(),
        headers={**admin, "content-type": "application/json"},
    )
    assert taken.status_code == 200, taken.text[:2000]
    events = await catalog.client.post(
        "/api/v1/life-events/import?publish=true",
        content=LIFE_EVENTS.read_bytes(),
        headers={**admin, "content-type": "application/json"},
    )
    assert events.status_code == 200, events.text[:2000]
    answer = await catalog.client.get("/api/v1/catalog/export.jsonld", headers=admin)
    assert answer.headers["content-type"].startswith("application/ld+json")
    document: Document = answer.json()
    return document


@pytest.fixture(scope="module")
def shapes() -> Graph:
    return Graph().parse(PROFILE / "cpsv-ap-SHACL.ttl")


def read(document: Document) -> Graph:
    return Graph().parse(data=json.dumps(document), format="json-ld")


def verdict(document: Document, shapes: Graph) -> tuple[bool, str]:
    conforms, _, text = pyshacl.validate(read(document), shacl_graph=shapes)
    return bool(conforms), str(text)


def nodes(document: Document, kind: str) -> list[Document]:
    return [one for one in document["@graph"] if kind in one["@type"]]


def test_the_district_s_export_conforms(exported: Document, shapes: Graph) -> None:
    conforms, said = verdict(exported, shapes)

    assert conforms, said[:3000]
    matters = json.loads(DATA.read_text("utf-8"))["matters"]
    assert len(nodes(exported, "cpsv:PublicService")) == len(matters)


def test_each_life_event_groups_its_services_both_ways(exported: Document) -> None:
    events = json.loads(LIFE_EVENTS.read_text("utf-8"))["life_events"]
    told = {one["dct:identifier"]: one for one in nodes(exported, "cv:Event")}
    grouped = {
        (group["@id"], service["@id"])
        for service in nodes(exported, "cpsv:PublicService")
        for group in service.get("cv:isGroupedBy", ())
    }

    assert told.keys() == {one["code"] for one in events}
    assert nodes(exported, "cv:LifeEvent")
    assert nodes(exported, "cv:BusinessEvent")
    related = {
        (event["@id"], service["@id"])
        for event in told.values()
        for service in event["cv:hasRelatedService"]
    }
    assert related == grouped
    assert len(related) == sum(len(one["matters"]) for one in events)


def test_each_word_is_one_of_the_published_context(exported: Document) -> None:
    published = json.loads((PROFILE / "context.jsonld").read_text("utf-8"))["@context"]
    known = {one if isinstance(one, str) else one["@id"] for one in published.values()}
    graph = read(exported)

    said = {str(one) for one in graph.predicates()} | {
        str(one) for one in graph.objects(None, RDF.type)
    }

    assert said - known == {str(RDF.type)}


def without_title(service: Document) -> None:
    del service["dct:title"]


def without_authority(service: Document) -> None:
    del service["cv:hasCompetentAuthority"]


def with_two_codes(service: Document) -> None:
    service["dct:identifier"] = [service["dct:identifier"], "another"]


def with_a_limit_in_words(service: Document) -> None:
    service["cv:processingTime"] = {"@value": "five days", "@type": "xsd:string"}


def with_a_channel_that_is_none(service: Document) -> None:
    service["cv:hasChannel"] = service["cv:thematicArea"]


def without_name(event: Document) -> None:
    del event["dct:title"]


def related_to_what_is_none(event: Document) -> None:
    event["cv:hasRelatedService"] = {"@id": event["@id"]}


BROKEN: dict[str, list[Callable[[Document], None]]] = {
    "cpsv:PublicService": [
        without_title,
        without_authority,
        with_two_codes,
        with_a_limit_in_words,
        with_a_channel_that_is_none,
    ],
    "cv:Event": [without_name, related_to_what_is_none],
}


@pytest.fixture(scope="module")
def refused(exported: Document, shapes: Graph) -> tuple[Mapping[str, str], str]:
    """Which node each way to break the export was tried on, and what was said of them all.

    Each has a node of its own, for one look at the whole costs ten seconds.
    """
    document = deepcopy(exported)
    victims = {}
    for kind, ways in BROKEN.items():
        for broken, node in zip(ways, nodes(document, kind), strict=False):
            broken(node)
            victims[broken.__name__] = str(node["@id"])
    conforms, said = verdict(document, shapes)
    assert not conforms
    return victims, said


@pytest.mark.parametrize("way", [one.__name__ for ways in BROKEN.values() for one in ways])
def test_a_broken_export_is_refused(refused: tuple[Mapping[str, str], str], way: str) -> None:
    victims, said = refused

    assert f"Focus Node: <{victims[way]}>" in said
