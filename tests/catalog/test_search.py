"""The list of matters: search by words, pinyin and initials; filters; paging; partners' matters."""

import base64
import json
from typing import Any
from uuid import uuid4

import pytest
from catalog.factories import matter_content

from catalog_service.matters.search import findable, letters
from tongban.testing.fixtures import RunningService, envelope

QUJIANG = "610172"
TAX_CHANGE = "变更税务登记"


async def publish(catalog: RunningService, *contents: dict[str, Any]) -> None:
    answer = await catalog.client.post(
        "/api/v1/catalog/import?publish=true",
        json={"matters": list(contents)},
        headers=catalog.district.headers("admin"),
    )
    assert answer.status_code == 200, answer.text


async def offer_here(catalog: RunningService, content: dict[str, Any], **changes: Any) -> None:
    owner = changes.get("owner_district", QUJIANG)
    offer = {
        "owner_district": owner,
        "agreement": "xa-qj-2020",
        "mode": "proxy",
        "version": 1,
        "state": "offered",
        "forward_within_days": 1,
        "matter": content,
        **changes,
    }
    key = f"{owner}-{content['code']}"
    await catalog.hear(
        envelope("interop.matter_offer.changed", key, offer, sequence=changes.get("version", 1))
    )


async def find(catalog: RunningService, **query: Any) -> list[dict[str, Any]]:
    answer = await catalog.client.get("/api/v1/matters", params={"limit": 100, **query})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def codes(catalog: RunningService, **query: Any) -> list[str]:
    return [one["code"] for one in await find(catalog, **query)]


@pytest.fixture(scope="module")
def tax_change() -> dict[str, Any]:
    return matter_content(
        name=TAX_CHANGE,
        english_name="Change of tax registration",
        matter_type="other_power",
        handling="immediate",
        area="tax",
        audiences=["enterprise"],
        keywords=["改税务登记"],
    )


@pytest.mark.parametrize(
    "query",
    [
        TAX_CHANGE,
        "税务登记",
        "税务登记变更",
        "我要变更税务登记怎么办",
        "改税务登记",
        "biangengshuiwu",
        "bian geng shui wu deng ji",
        "BGSW",
        "bgswdj",
        "tax registration",
        "biangengshuwudengji",
    ],
)
async def test_a_partners_matter_is_found(
    catalog: RunningService, tax_change: dict[str, Any], query: str
) -> None:
    await offer_here(catalog, tax_change)

    found = {one["code"]: one for one in await find(catalog, q=query)}

    matter = found[tax_change["code"]]
    assert matter["owner_district"] == QUJIANG
    assert matter["is_handled_here_by_agreement"] is True
    assert (matter["mode"], matter["agreement"]) == ("proxy", "xa-qj-2020")
    assert matter["required_materials"] == 2


async def test_the_best_find_comes_first(catalog: RunningService) -> None:
    word = f"卷烟{uuid4().hex[:6]}"
    inner, exact, prefix = (
        matter_content(name=name) for name in (f"注销{word}许可", word, f"{word}许可（延续）")
    )
    await publish(catalog, inner, exact, prefix)

    found = await codes(catalog, q=word)

    assert found[:3] == [exact["code"], prefix["code"], inner["code"]]


@pytest.mark.parametrize("query", ["火星移民签证", "zzzzqqqq", "（）", "%", "_"])
async def test_what_nobody_handles_is_not_found(catalog: RunningService, query: str) -> None:
    await publish(catalog, matter_content())

    assert await codes(catalog, q=query) == []


async def test_the_list_is_narrowed_by_filters(catalog: RunningService) -> None:
    pension = matter_content(
        name="高龄津贴发放", matter_type="benefit", area="elderly", audiences=["person"]
    )
    notary = matter_content(name="公证书核验", matter_type="public_service", area="notary")
    await publish(catalog, pension, notary)

    assert pension["code"] in await codes(catalog, type="benefit", area="elderly")
    assert notary["code"] not in await codes(catalog, area="elderly")
    assert pension["code"] not in await codes(catalog, audience="enterprise")
    assert pension["code"] in await codes(
        catalog, area="elderly", audience="person", owner_district="610171"
    )
    assert pension["code"] not in await codes(catalog, owner_district=QUJIANG)


async def test_the_mode_narrows_to_partners_matters(
    catalog: RunningService, tax_change: dict[str, Any]
) -> None:
    await offer_here(catalog, tax_change)

    found = await find(catalog, mode="proxy", area="tax")

    assert tax_change["code"] in {one["code"] for one in found}
    assert all(one["is_handled_here_by_agreement"] for one in found)
    assert tax_change["code"] not in await codes(catalog, mode="online")


async def test_a_sites_matters_are_listed(
    catalog: RunningService, tax_change: dict[str, Any]
) -> None:
    here, elsewhere = matter_content(), matter_content()
    await publish(catalog, here, elsewhere)
    await offer_here(catalog, tax_change)
    site_id = f"hall-{uuid4().hex[:8]}"
    site = {
        "site_id": site_id,
        "kind": "hall",
        "name": "高新区政务服务大厅",
        "state": "open",
        "matters": [here["code"]],
        "partner_matters": [tax_change["code"]],
    }

    await catalog.hear(envelope("site.site.changed", site_id, site))

    assert set(await codes(catalog, site_id=site_id)) == {here["code"], tax_change["code"]}
    assert await codes(catalog, site_id="no-such-site") == []
    guide = await catalog.client.post(
        f"/api/v1/matters/{here['code']}/guide", json={"answers": {"has_canteen": "no"}}
    )
    assert [one["site_id"] for one in guide.json()["sites"]] == [site_id]


async def test_pages_follow_each_other_without_gap_or_repetition(catalog: RunningService) -> None:
    word = f"特种{uuid4().hex[:6]}"
    made = [matter_content(name=f"{word}许可{at}") for at in range(7)]
    await publish(catalog, *made)

    seen: list[str] = []
    cursor: str | None = None
    while True:
        query: dict[str, str | int] = {"q": word, "limit": 3}
        if cursor is not None:
            query["cursor"] = cursor
        page = (await catalog.client.get("/api/v1/matters", params=query)).json()
        seen += [one["code"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert sorted(seen) == sorted(one["code"] for one in made)


async def test_a_cursor_of_another_list_is_refused(catalog: RunningService) -> None:
    answer = await catalog.client.get("/api/v1/matters", params={"cursor": "WyJhIl0"})

    assert answer.status_code == 422


def test_letters_are_the_same_in_any_width_case_and_punctuation() -> None:
    assert letters("食品经营许可（新办） A\uff22 c") == letters("食品 经营许可新办abC")


def test_a_matter_is_found_by_its_sound_and_its_initials() -> None:
    found_by = findable(name=TAX_CHANGE, english_name="", keywords=())

    assert found_by.pinyin == "biangengshuiwudengji"
    assert found_by.initials == "bgswdj"
    assert {"'变更':1A", "'税务':1A", "'登记':1A"} <= set(found_by.lexemes.split())


@pytest.mark.parametrize(
    "values", [["a", "b", "c"], [2**40, "b", "c"], [0, "a\0", "b"], [None, 1, 2], [True, "a", "b"]]
)
async def test_a_made_up_cursor_is_refused(catalog: RunningService, values: list[Any]) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")

    answer = await catalog.client.get("/api/v1/matters", params={"cursor": cursor})

    assert answer.status_code == 422
    assert answer.json()["type"].endswith("cursor-invalid")
