"""What is heard of partners' matters and of sites: twice, out of order, withdrawn."""

from typing import Any
from uuid import uuid4

from catalog.factories import matter_content

from catalog_service.consumers import MatterOfferChanged, SiteChanged
from tongban.messages import Envelope
from tongban.testing.fixtures import RunningService, envelope


def offer(content: dict[str, Any], *, sequence: int, **changes: Any) -> Envelope:
    told = {
        "owner_district": "610172",
        "agreement": "xa-qj-2020",
        "mode": "proxy",
        "version": sequence,
        "state": "offered",
        "forward_within_days": 1,
        "matter": content,
        **changes,
    }
    key = f"{told['owner_district']}-{content['code']}"
    return envelope(MatterOfferChanged.SUBJECT, key, told, sequence=sequence)


async def test_an_offer_heard_twice_is_kept_once(catalog: RunningService) -> None:
    content = matter_content()
    told = offer(content, sequence=1)

    await catalog.hear(told, told)

    read = (await catalog.client.get(f"/api/v1/matters/{content['code']}")).json()
    assert read["owner_district"] == "610172"
    assert read["is_handled_here_by_agreement"] is True
    assert read["content"]["materials"] == content["materials"]


async def test_the_newest_offer_wins_whatever_the_order(catalog: RunningService) -> None:
    content = matter_content()
    newer = offer(content | {"promised_days": 1}, sequence=2, mode="joint")

    await catalog.hear(newer, offer(content, sequence=1))

    read = (await catalog.client.get(f"/api/v1/matters/{content['code']}")).json()
    assert (read["version"], read["mode"]) == (2, "joint")
    assert read["content"]["promised_days"] == 1


async def test_a_withdrawn_offer_is_no_longer_found(catalog: RunningService) -> None:
    content = matter_content()

    await catalog.hear(offer(content, sequence=1), offer(content, sequence=2, state="withdrawn"))

    assert (await catalog.client.get(f"/api/v1/matters/{content['code']}")).status_code == 404


async def test_our_own_offer_to_partners_is_not_a_partners(catalog: RunningService) -> None:
    content = matter_content()

    await catalog.hear(offer(content, sequence=1, owner_district="610171"))

    assert (await catalog.client.get(f"/api/v1/matters/{content['code']}")).status_code == 404


async def test_what_a_partner_says_beyond_our_words_is_kept(catalog: RunningService) -> None:
    content = matter_content() | {"matter_type": "licence", "carbon": {"saved": 3}}

    await catalog.hear(offer(content, sequence=1))

    read = (await catalog.client.get(f"/api/v1/matters/{content['code']}")).json()
    assert read["content"]["carbon"] == {"saved": 3}
    guide = await catalog.client.post(f"/api/v1/matters/{content['code']}/guide", json={})
    assert guide.json()["question"]["key"] == "has_canteen"


async def test_the_newest_state_of_a_site_wins(catalog: RunningService) -> None:
    site_id = f"hall-{uuid4().hex[:8]}"
    content = matter_content()
    await catalog.hear(offer(content, sequence=1))
    open_ = {
        "site_id": site_id,
        "kind": "hall",
        "name": "大厅",
        "state": "open",
        "matters": [],
        "partner_matters": [content["code"]],
    }
    opened = envelope(SiteChanged.SUBJECT, site_id, open_, sequence=1)
    closed = envelope(SiteChanged.SUBJECT, site_id, open_ | {"state": "closed"}, sequence=2)
    path = f"/api/v1/matters?site_id={site_id}"

    await catalog.hear(opened)
    before = (await catalog.client.get(path)).json()["items"]
    await catalog.hear(closed, opened)
    after = (await catalog.client.get(path)).json()["items"]

    assert [one["code"] for one in before] == [content["code"]]
    assert after == []
