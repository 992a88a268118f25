"""Basic items come from above, are claimed once, and carry every matter."""

from typing import Any

import pytest
from catalog.factories import BODY, matter_content
from catalog.versions import drafted, kind_of, published
from httpx import Response

from tongban.testing.fixtures import RunningService

BASIC = "/api/v1/catalog/basic-items"


def item(code: str, **changes: Any) -> dict[str, Any]:
    return {"code": code, "name": "某事项", "matter_type": "licence", **changes}


async def bring(catalog: RunningService, *items: dict[str, Any], query: str = "") -> Response:
    return await catalog.client.post(
        f"{BASIC}/import{query}",
        json={"source": "测试目录", "items": [*items]},
        headers=catalog.district.headers("admin"),
    )


async def claim(catalog: RunningService, code: str) -> Response:
    return await catalog.client.post(
        f"{BASIC}/{code}/claim", headers=catalog.district.headers("catalog_editor")
    )


async def test_a_district_claims_an_item_once_and_invents_none(catalog: RunningService) -> None:
    await bring(catalog, item("610199001000"))

    first = await claim(catalog, "610199001000")
    second = await claim(catalog, "610199001000")
    invented = await claim(catalog, "610199999000")

    assert first.json()["claimed_by"] is not None
    assert (second.status_code, kind_of(second)) == (409, "basic-item-claimed")
    assert (invented.status_code, kind_of(invented)) == (404, "basic-item-not-found")


async def test_a_matter_of_an_item_that_is_not_claimed_is_refused(catalog: RunningService) -> None:
    await bring(catalog, item("610199002000"))
    content = matter_content(code=f"{BODY}4610199002000")
    editor = catalog.district.headers("catalog_editor")

    refused = await catalog.client.post("/api/v1/matters", json=content, headers=editor)
    imported = await catalog.client.post(
        "/api/v1/catalog/import", json={"matters": [content]}, headers=editor
    )
    await claim(catalog, "610199002000")
    taken = await catalog.client.post("/api/v1/matters", json=content, headers=editor)

    assert (refused.status_code, kind_of(refused)) == (409, "basic-item-not-claimed")
    assert imported.json()["errors"][0]["code"] == "basic-item-not-claimed"
    assert taken.status_code == 201


async def test_an_admins_import_may_bring_the_basic_items_along(catalog: RunningService) -> None:
    content = matter_content(code=f"{BODY}4610199003000")
    body = {
        "matters": [content],
        "basic_items": {"source": "测试目录", "items": [item("610199003000", claimed=True)]},
    }
    path = "/api/v1/catalog/import"

    editors = await catalog.client.post(
        path, json=body, headers=catalog.district.headers("catalog_editor")
    )
    tried = await catalog.client.post(
        f"{path}?dry_run=true", json=body, headers=catalog.district.headers("admin")
    )
    done = await catalog.client.post(path, json=body, headers=catalog.district.headers("admin"))

    assert editors.status_code == 403
    assert (tried.status_code, tried.json()["created"]) == (200, 1)
    assert (done.status_code, done.json()["created"]) == (200, 1)


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ([item("610199004000"), item("610199004000")], "code_repeated"),
        ([item("610599004000")], "type_code"),
        ([item("610199004001")], "main_missing"),
    ],
)
async def test_a_faulty_list_changes_nothing(
    catalog: RunningService, items: list[dict[str, Any]], code: str
) -> None:
    good = item("610199005000")

    answer = await bring(catalog, good, *items)

    assert answer.status_code == 422
    assert code in {one["code"] for one in answer.json()["errors"]}
    assert (await claim(catalog, good["code"])).status_code == 404


@pytest.mark.parametrize("code", ["61019900400", "6101990040000", "619999004000", "61019900400A"])
async def test_a_basic_code_is_checked(catalog: RunningService, code: str) -> None:
    assert (await bring(catalog, item(code))).status_code == 422


async def test_the_same_list_again_changes_nothing_and_keeps_claims(
    catalog: RunningService,
) -> None:
    first = await bring(catalog, item("610199006000"), item("610199006001", claimed=True))
    await claim(catalog, "610199006000")

    tried = await bring(catalog, item("610199006000"), query="?dry_run=true")
    again = await bring(catalog, item("610199006000"), item("610199006001", claimed=True))

    assert first.json() | {"is_dry_run": False} == first.json()
    assert (first.json()["created"], first.json()["claimed"]) == (2, 1)
    assert (tried.json()["unchanged"], tried.json()["is_dry_run"]) == (1, True)
    assert (again.json()["created"], again.json()["unchanged"]) == (0, 2)
    assert kind_of(await claim(catalog, "610199006000")) == "basic-item-claimed"


async def test_what_is_withdrawn_above_is_not_carried_out(catalog: RunningService) -> None:
    await bring(catalog, item("610199007000", claimed=True), item("610199008000"))
    withdrawn = {"state": "withdrawn"}
    await bring(catalog, item("610199007000", **withdrawn), item("610199008000", **withdrawn))

    refused = await catalog.client.post(
        "/api/v1/matters",
        json=matter_content(code=f"{BODY}4610199007000"),
        headers=catalog.district.headers("catalog_editor"),
    )

    assert kind_of(refused) == "basic-item-withdrawn"
    assert kind_of(await claim(catalog, "610199008000")) == "basic-item-withdrawn"


async def test_an_item_shows_its_sub_matters_matters_and_handling_items(
    catalog: RunningService,
) -> None:
    await bring(catalog, item("610199009000"), item("610199009001", claimed=True))
    code = f"{BODY}4610199009001"
    handling = [{"code": f"{code}01", "name": "新办", "situations": ["has_canteen"]}]
    content = await drafted(catalog, code=code, handling_items=handling)
    await published(catalog, content, 1)
    headers = catalog.district.headers("clerk")

    found = (await catalog.client.get(f"{BASIC}/610199009000", headers=headers)).json()
    listed = await catalog.client.get(
        BASIC, params={"parent": "610199009000", "claimed": True}, headers=headers
    )

    assert [one["code"] for one in found["sub_matters"]] == ["610199009001"]
    [matter] = found["implementations"]
    assert (matter["code"], matter["handling_items"][0]["code"]) == (code, f"{code}01")
    assert [one["code"] for one in listed.json()["items"]] == ["610199009001"]
