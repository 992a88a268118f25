"""Who gets in: tokens, partners' signatures, rates, and the gateway's own pages."""

import asyncio
from uuid import uuid4

import httpx
import pytest

from support.doors import Door, Upstream, open_door
from tongban.run.ports import free_port
from tongban.testing.district import TestDistrict

SIGNED = {"Signature": "sig=:AA==:", "Signature-Input": "sig=()", "Tongban-Sender": "610172"}


async def test_the_public_reads_without_a_token(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/matters")

    assert answer.status_code == 200
    assert answer.json()["service"] == "catalog"


async def test_without_a_token_the_rest_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/cases", headers={"Accept-Language": "en"})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="tongban"'
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == "urn:tongban:problem:token-missing"
    assert body["title"] == "Sign in first"
    assert body["instance"] == "/api/v1/cases"
    assert body["request_id"] == answer.headers["X-Request-Id"]


async def test_a_caller_with_a_token_is_let_in_and_the_token_goes_on(
    client: httpx.AsyncClient, district: TestDistrict
) -> None:
    headers = district.headers("clerk")

    answer = await client.get("/api/v1/cases", headers=headers)

    assert answer.status_code == 200
    assert ["authorization", headers["Authorization"]] in answer.json()["headers"]


@pytest.mark.parametrize(
    ("claims", "status", "kind"),
    [
        ({"exp": 1}, 401, "token-refused"),
        ({"iss": "urn:somebody"}, 401, "token-refused"),
        ({"aud": "another"}, 401, "token-refused"),
        ({"district": "610172"}, 403, "foreign-district"),
    ],
)
async def test_a_bad_token_is_refused_even_where_none_is_needed(
    client: httpx.AsyncClient,
    district: TestDistrict,
    claims: dict[str, object],
    status: int,
    kind: str,
) -> None:
    headers = district.headers("clerk", **claims)

    for path in ("/api/v1/matters", "/api/v1/cases", "/api/v1/exchanges"):
        answer = await client.get(path, headers={**headers, **SIGNED})

        assert answer.status_code == status
        assert answer.json()["type"] == f"urn:tongban:problem:{kind}"


async def test_the_first_callers_after_a_start_wait_for_the_issuers_keys(
    district: TestDistrict, upstreams: dict[str, Upstream]
) -> None:
    urls = {name: one.url for name, one in upstreams.items()}
    with open_door(district, urls) as door:
        async with httpx.AsyncClient(base_url=door.url, trust_env=False) as client:
            answers = await asyncio.gather(
                *(client.get("/api/v1/cases", headers=district.headers("clerk")) for _ in range(20))
            )

    assert {answer.status_code for answer in answers} == {200}


@pytest.mark.parametrize("value", ["Basic YTpi", "Bearer", "Bearer not.a.token"])
async def test_what_is_no_token_is_refused(client: httpx.AsyncClient, value: str) -> None:
    answer = await client.get("/api/v1/matters", headers={"Authorization": value})

    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:tongban:problem:token-refused"


async def test_partners_messages_pass_below_the_protocol_s_tree_only(
    client: httpx.AsyncClient,
) -> None:
    signed = await client.post("/interop/v2/exchanges", headers=SIGNED, content=b"{}")
    unsigned = await client.post("/interop/v2/exchanges", content=b"{}")
    elsewhere = await client.post("/api/v1/exchanges", headers=SIGNED, content=b"{}")

    # What is wrong with a message interop says, and signs it.
    assert {signed.json()["service"], unsigned.json()["service"]} == {"interop"}
    assert elsewhere.status_code == 401


async def test_an_unknown_path_is_not_found_in_chinese_first(client: httpx.AsyncClient) -> None:
    for path in ("/api/v1/nothing", "/nothing"):
        answer = await client.get(path)

        assert answer.status_code == 404
        assert answer.json()["type"] == "urn:tongban:problem:not-found"
        assert answer.json()["title"] == "没有找到"


async def test_over_the_rate_the_caller_is_told_how_long_to_wait(
    district: TestDistrict, upstreams: dict[str, Upstream]
) -> None:
    urls = {name: one.url for name, one in upstreams.items()}
    with open_door(district, urls, REQUEST_RATE="3/minute") as door:
        async with httpx.AsyncClient(base_url=door.url, trust_env=False) as client:
            first = [(await client.get("/api/v1/matters")).status_code for _ in range(3)]
            over = await client.get("/api/v1/matters")
            forged = await client.get(
                "/api/v1/cases", headers={"Authorization": f"Bearer {uuid4()}"}
            )

    assert first == [200, 200, 200]
    assert over.status_code == forged.status_code == 429
    assert over.json()["type"] == "urn:tongban:problem:too-many-requests"
    assert 1 <= int(over.headers["Retry-After"]) <= 60


async def test_the_gateway_is_ready_when_every_service_is(client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["interop"] == "ok"


async def test_the_readiness_names_the_service_that_is_down(
    district: TestDistrict, upstreams: dict[str, Upstream]
) -> None:
    urls = {name: one.url for name, one in upstreams.items()}
    urls["site"] = f"http://127.0.0.1:{free_port()}"
    with open_door(district, urls) as door:
        async with httpx.AsyncClient(base_url=door.url, trust_env=False) as client:
            alive = await client.get("/healthz")
            ready = await client.get("/readyz")
            document = await client.get("/openapi.json")

    assert alive.status_code == 200
    assert ready.status_code == 503
    assert ready.json()["missing"] == ["site"]
    assert ready.json()["services"]["case"] == "ok"
    assert document.status_code == 503
    assert document.json()["service"] == "site"


async def test_the_metrics_count_by_resource_not_by_id(client: httpx.AsyncClient) -> None:
    await client.get(f"/api/v1/matters/{uuid4()}")

    told = (await client.get("/metrics")).text

    labels = 'method="GET",route="/api/v1/matters",service="gateway",status="200"'
    assert f"tongban_http_requests_total{{{labels}}}" in told


async def test_the_document_holds_every_services_operations(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()

    services = ("catalog", "case", "site", "interop")
    assert {f"/api/v1/{service}-things" for service in services} == set(document["paths"])


async def test_the_docs_need_nothing_from_outside(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs")).text

    assert "https://" not in page
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"):
        assert f"/docs/assets/{asset}" in page
        assert (await client.get(f"/docs/assets/{asset}")).status_code == 200


async def test_many_at_once_each_get_their_own_answer(
    client: httpx.AsyncClient, door: Door
) -> None:
    answers = await asyncio.gather(*(client.get(f"/api/v1/matters/{n}") for n in range(100)))

    assert [one.json()["raw_path"] for one in answers] == [
        f"/api/v1/matters/{n}" for n in range(100)
    ]


async def test_the_events_of_all_services_are_one_document_for_anybody(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/asyncapi.json")

    assert answer.status_code == 200
    assert set(answer.json()["channels"]) == {
        f"{service}.thing.changed" for service in ("catalog", "case", "site", "interop")
    }
