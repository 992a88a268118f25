"""Every operation of every service, through the gateway, asked well and asked badly.

Schemathesis makes the requests from the document that the gateway publishes: no answer is a fault
of ours, and each has a declared status, content type, headers and shape. By itself this module
starts its own district and asks everything; `make test-operations` has two processes ask one
district, each the operations of other services.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any
from zlib import crc32

import httpx
import pytest
import pytest_asyncio
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from journeys.operations import CODE, Shared, alone, places_of
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from support.hall import District, already_running
from support.house import service_of
from support.operations import document
from tongban.identity import Role


@schemathesis.serializer(
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/x-ndjson",
    "application/offset+octet-stream",
)
def send_as_it_is(_context: Any, value: Any) -> bytes:
    """A file's bytes, whatever was made up for them."""
    made = getattr(value, "data", value)
    return made if isinstance(made, bytes) else str(made).encode()


# So many fields that the boundaries of each, one by one, make ten thousand requests, and that
# one request takes a second to make up: these operations are asked at random only, and twice.
LARGE = (
    "POST /api/v1/matters",
    "POST /api/v1/matters/{code}/versions",
    "PUT /api/v1/matters/{code}/versions/{version}",
    "POST /api/v1/catalog/import",
    "POST /api/v1/matter-offers",
    "POST /api/v1/partners/import",
    "POST /api/v1/sites/import",
    "POST /api/v1/elderly/import",
    "POST /api/v1/life-events/import",
    "POST /api/v1/bundles",
    # Nothing of a message is read before its signature has proven who sent it.
    "POST /interop/v2/states",
    "POST /interop/v2/exchanges",
    "POST /interop/v2/exchanges/{exchange_id}/receipts",
)
# A stream that never ends has no answer to be held against a schema; tests of the services listen.
ENDLESS = ("GET /api/v1/sites/{site_id}/queue/stream", "GET /api/v1/exchanges/operations/stream")
CONFIG: dict[str, Any] = {
    "seed": 1,
    # Undeclared methods are the framework's own 405: the same on every path.
    "phases": {"coverage": {"unexpected-methods": []}},
    "generation": {"max-examples": 5},
    "operations": [
        *(
            {
                "include-name": name,
                "generation": {"max-examples": 2},
                "phases": {"coverage": {"enabled": False}},
            }
            for name in LARGE
        ),
        *({"include-name": name, "enabled": False} for name in ENDLESS),
    ],
}
SHARED = Shared.given()
# Hypothesis also tries the constants of what is imported: those of the services that are asked.
for name in () if SHARED is None else SHARED.services:
    service_of(name)
DOCUMENT: dict[str, Any] = document() if SHARED is None else SHARED.document
if SHARED is not None:
    DOCUMENT["paths"] = {path: DOCUMENT["paths"][path] for path in SHARED.paths}
schema = schemathesis.openapi.from_dict(DOCUMENT, config=SchemathesisConfig.from_dict(CONFIG))

# The checks that remain outside, and why: `negative_data_rejection` and `positive_data_acceptance`
# know only the schema, where 404 for a made-up id or 409 for a case's stage is right.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

settings.register_profile(
    "operations",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
asked = settings.get_profile("operations")


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """One connection for all: a new one each time costs more than the request."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture(scope="module")
def headers(lone: District) -> dict[str, str]:
    token = lone.platform.token(sub="has-every-role", roles=list(Role))
    return {"Authorization": f"Bearer {token}"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lone(scratch: Path) -> AsyncIterator[District]:
    """西安高新区 by itself, for one who may do everything undoes what others build on."""
    if SHARED is not None:
        async with already_running(CODE, Path(SHARED.folder), port=SHARED.port) as district:
            yield district
    else:
        async with alone(scratch / "journeys" / "lone") as district:
            yield district


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def places(lone: District) -> Mapping[str, Any]:
    """What exists, by the name that paths give it."""
    return await places_of(lone) if SHARED is None else SHARED.places


WITH_A_DOOR = [
    (method.upper(), path)
    for path, one in DOCUMENT["paths"].items()
    for method, operation in one.items()
    if "security" in operation
]


@pytest.mark.parametrize(("method", "path"), WITH_A_DOOR)
async def test_a_stranger_is_turned_away_before_anything_is_read(
    lone: District, method: str, path: str
) -> None:
    answer = await lone.client.request(method, path, content=b"\xff not read")

    assert answer.status_code == httpx.codes.UNAUTHORIZED
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer")


@schema.parametrize()
@settings(asked)
def test_a_caller_with_every_role_is_answered_as_declared(
    case: "schemathesis.Case[Any]",
    lone: District,
    headers: dict[str, str],
    places: Mapping[str, Any],
    session: requests.Session,
) -> None:
    if _names_what_exists(case):
        case.path_parameters.update(
            {name: places[name] for name in case.path_parameters if name in places}
        )
    case.call_and_validate(
        base_url=lone.platform.url, session=session, headers=headers, checks=CHECKS
    )


def _names_what_exists(case: "schemathesis.Case[Any]") -> bool:
    """Tell, of every other request, to let its path name what exists: the same ones each time."""
    return crc32(repr((case.path_parameters, case.query, case.body)).encode()) % 2 == 0
