"""Our open data against HSDS 3.0's published JSON Schemas, which lie outside of the project.

`make conformance STANDARDS=<folder>` names the folder; without it there is nothing to hold the
data to. Nothing is fetched from the network.
"""

import json
import os
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import pytest_asyncio

from site_service.app import SERVICE, create_app
from support.house import ROOT
from support.sites import matter_told, offer_told
from tongban.testing.fixtures import RunningService

STANDARDS = os.environ.get("STANDARDS")
# The published schemas are not part of the project: who has them names the folder, as CI does.
# The published schemas are not copied in here. `.ci/run` names their folder: there none is skipped.
pytestmark = pytest.mark.skipif(not STANDARDS, reason="make conformance STANDARDS=<folder>")
PROFILE = Path(STANDARDS or "") / "hsds-3.0"
XIAN = ROOT / "deploy/districts/xian-hitech"

Document = dict[str, Any]
PACKAGE = "service_at_location_package"


@cache
def validator(name: str) -> jsonschema_rs.Validator:
    """Return the published schema's validator; formats (uuid, uri, date-time) count."""
    schema = json.loads((PROFILE / f"{name}.json").read_text("utf-8"))
    return jsonschema_rs.validator_for(schema, validate_formats=True)


def faults(document: Any, name: str) -> list[str]:
    """Return what the published schema finds wrong."""
    return [
        f"{'/'.join(map(str, one.instance_path))}: {one.message}"
        for one in validator(name).iter_errors(document)
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hall(run_service: Any) -> RunningService:
    """The Xi'an sites, taken over by the real service; its matters as the catalog tells them."""
    site: RunningService = await run_service(SERVICE, create_app, log_level="error")
    sites = json.loads((XIAN / "sites.json").read_text("utf-8"))["sites"]
    matters = json.loads((XIAN / "matters.json").read_text("utf-8"))["matters"]
    await site.hear(
        *(matter_told(one["code"], name=one["name"], area=one["area"]) for one in matters),
        *(offer_told(code) for code in {code for one in sites for code in one["partner_matters"]}),
    )
    answer = await site.client.post(
        "/api/v1/sites/import", json={"sites": sites}, headers=site.district.headers("admin")
    )
    assert answer.status_code == 200, answer.text[:2000]
    return site


async def get(hall: RunningService, path: str, **query: Any) -> Any:
    """Ask without a token: the data is open."""
    answer = await hall.client.get(f"/api/v1/hsds/{path}", params=query)
    assert answer.status_code == 200, answer.text[:1000]
    return answer.json()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def package(hall: RunningService) -> list[Document]:
    """The whole district, as one file."""
    told: list[Document] = await get(hall, f"{PACKAGE}.json")
    return told


def test_the_district_s_package_conforms(package: list[Document]) -> None:
    sites = json.loads((XIAN / "sites.json").read_text("utf-8"))["sites"]

    assert not faults(package, PACKAGE)
    assert len(package) == sum(len(one["matters"]) + len(one["partner_matters"]) for one in sites)
    assert len({one["id"] for one in package}) == len(package)
    assert all(one["service"]["attributes"] for one in package)
    assert any(one["location"]["accessibility"] for one in package)


@pytest.mark.parametrize("kind", ["service", "service_at_location", "organization"])
async def test_lists_and_each_one_conform(hall: RunningService, kind: str) -> None:
    page = await get(hall, f"{kind}s", per_page=5)
    ones = [await get(hall, f"{kind}s/{one['id']}") for one in page["contents"]]

    assert ones
    assert not [fault for one in page["contents"] for fault in faults(one, f"{kind}_list")]
    assert not [fault for one in ones for fault in faults(one, kind)]
    assert [one["id"] for one in ones] == [one["id"] for one in page["contents"]]


async def test_a_service_tells_every_place_as_a_package_of_services(hall: RunningService) -> None:
    page = await get(hall, "services", per_page=3)
    services = [await get(hall, f"services/{one['id']}") for one in page["contents"]]

    assert not faults(services, "service_package")
    assert all(one["service_at_locations"] for one in services)


@pytest.mark.parametrize("path", ["taxonomies", "taxonomy_terms"])
async def test_the_vocabularies_conform(hall: RunningService, path: str) -> None:
    tables = json.loads((PROFILE / "tabular.json").read_text("utf-8"))["properties"]
    schema = tables[{"taxonomies": "taxonomy", "taxonomy_terms": "taxonomy_term"}[path]]["items"]
    # It refers to a schema that is not among the compiled ones; we tell no such rows.
    del schema["properties"]["metadata"]

    page = await get(hall, path, per_page=100)

    check = jsonschema_rs.validator_for(schema, validate_formats=True)
    assert page["contents"]
    assert all(check.is_valid(one) for one in page["contents"])
    assert not check.is_valid({**page["contents"][0], "id": "area"})


def without_id(one: Document) -> None:
    del one["id"]


def with_a_code_for_an_id(one: Document) -> None:
    one["service"]["id"] = "11610131MB2Q71156L4000131001001"


def without_the_service_s_name(one: Document) -> None:
    del one["service"]["name"]


def with_a_status_of_our_own(one: Document) -> None:
    one["service"]["status"] = "published"


def with_a_latitude_in_words(one: Document) -> None:
    one["location"]["latitude"] = "34.2 N"


def without_a_kind_of_place(one: Document) -> None:
    del one["location"]["location_type"]


def without_a_postal_code(one: Document) -> None:
    del one["location"]["addresses"][0]["postal_code"]


def with_a_daily_rule(one: Document) -> None:
    one["location"]["schedules"][0]["freq"] = "DAILY"


def with_a_phone_without_number(one: Document) -> None:
    one["location"]["phones"] = [{"id": one["id"]}]


@pytest.mark.parametrize(
    "broken",
    [
        without_id,
        with_a_code_for_an_id,
        without_the_service_s_name,
        with_a_status_of_our_own,
        with_a_latitude_in_words,
        without_a_kind_of_place,
        without_a_postal_code,
        with_a_daily_rule,
        with_a_phone_without_number,
    ],
)
def test_a_broken_export_is_refused(
    package: list[Document], broken: Callable[[Document], None]
) -> None:
    told = deepcopy(package[:3])
    broken(told[1])

    found = faults(told, PACKAGE)

    assert found
    assert all(fault.startswith("1") for fault in found)
