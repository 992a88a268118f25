"""The ten measures over HTTP: checked with evidence, scored, reported; and family members."""

from typing import Any
from uuid import uuid4

from httpx import Response

from support.sites import import_sites, matter_told, new_code, open_site, site_record, take_ticket
from tongban.testing.fixtures import RunningService


def measure(code: str, nth: int, **more: Any) -> dict[str, Any]:
    return {
        "code": code,
        "nth": nth,
        "aspect": "access",
        "name": "无障碍通行",
        "english_name": "Barrier-free way in",
        "text": "门口有坡道。",
        "english_text": "A ramp at the door.",
        "how_checked": "现场查看。",
        "evidence_kinds": ["photo", "text"],
        "valid_days": 100,
        "weight": 10,
        "basis": "国办发",
        "provenance": "illustrative",
        **more,
    }


MEASURES = [
    measure("ramp", 1),
    measure("green", 2, aspect="fast_handling", weight=30, applies_to=["hall", "centre"]),
]
FAMILY = [
    {
        "code": "own-id",
        "nth": 1,
        "name": "您本人的身份证",
        "english_name": "your own identity card",
        "note": "原件",
        "is_needed": True,
        "provenance": "illustrative",
    },
    {
        "code": "kinship",
        "nth": 2,
        "name": "户口簿",
        "english_name": "the family register",
        "note": "能说明亲属关系",
        "is_needed": False,
        "areas": ["social_insurance"],
        "provenance": "illustrative",
    },
]
PHOTO = {
    "kind": "photo",
    "title": "坡道",
    "url": "https://evidence.example/1.jpg",
    "sha256": "0" * 64,
}
TEXT = {"kind": "text", "title": "查看", "text": "坡道完好。"}


async def send(site: RunningService, **more: Any) -> Response:
    body = {"measures": MEASURES, "family_authority": FAMILY, **more}
    return await site.client.post(
        "/api/v1/elderly/import", json=body, headers=site.district.headers("admin")
    )


async def check(
    site: RunningService, site_id: str, code: str, *, role: str = "supervisor", **body: Any
) -> Response:
    claims = {"site": site_id} if role == "site_manager" else {}
    return await site.client.post(
        f"/api/v1/sites/{site_id}/elderly/{code}/checks",
        json=body,
        headers=site.district.headers(role, **claims),
    )


async def report(site: RunningService, site_id: str, **query: str) -> dict[str, Any]:
    answer = await site.client.get(f"/api/v1/sites/{site_id}/elderly", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_site_is_scored_by_its_newest_checks_until_they_run_out(
    site: RunningService,
) -> None:
    assert (await send(site)).status_code == 200
    here = await open_site(site)

    before = await report(site, here["id"])
    bare = await check(site, here["id"], "ramp", outcome="met", evidence=[TEXT])
    for_ever = await check(
        site,
        here["id"],
        "ramp",
        outcome="met",
        evidence=[PHOTO, TEXT],
        valid_until="2100-01-01",
    )
    first = await check(site, here["id"], "ramp", outcome="met", evidence=[PHOTO, TEXT])
    second = await check(
        site, here["id"], "green", role="site_manager", outcome="partly", evidence=[PHOTO, TEXT]
    )
    now = await report(site, here["id"])
    later = await report(site, here["id"], on="2100-01-01")
    await check(site, here["id"], "ramp", outcome="not_met", note="坡道损坏")
    worse = await report(site, here["id"])
    kept = await site.client.get(
        f"/api/v1/sites/{here['id']}/elderly/checks",
        params={"measure_code": "ramp"},
        headers=site.district.headers("supervisor"),
    )

    assert before["score"]["total"] == 0
    assert before["missing"] == ["ramp", "green"]
    assert bare.status_code == 422
    assert bare.json()["errors"][0]["code"] == "evidence_lacking"
    assert for_ever.json()["errors"][0]["pointer"] == "/valid_until"
    assert first.json()["is_self_check"] is False
    assert second.json()["is_self_check"] is True
    assert now["score"]["total"] == 62.5
    assert now["missing"] == ["green"]
    assert [one["lack"] for one in later["measures"]] == ["expired", "expired"]
    assert worse["score"]["total"] == 37.5
    assert [one["outcome"] for one in kept.json()["items"]] == ["not_met", "met"]


async def test_what_is_not_asked_of_a_site_is_not_checked_there(site: RunningService) -> None:
    await send(site)
    point = await open_site(site, kind="point")

    refused = await check(site, point["id"], "green", outcome="not_met")
    unknown = await check(site, point["id"], "nothing", outcome="not_met")
    foreign = await site.client.post(
        f"/api/v1/sites/{point['id']}/elderly/ramp/checks",
        json={"outcome": "not_met"},
        headers=site.district.headers("site_manager", site="another-site"),
    )
    two_faced = await check(
        site, point["id"], "ramp", outcome="met", evidence=[{**TEXT, "url": PHOTO["url"]}]
    )

    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:tongban:problem:measure-not-asked"
    assert unknown.status_code == 404
    assert foreign.status_code == 403
    assert two_faced.status_code == 422
    assert [one["measure"]["code"] for one in (await report(site, point["id"]))["measures"]] == [
        "ramp"
    ]


async def test_an_import_is_safe_to_repeat_and_refused_whole(site: RunningService) -> None:
    here = await open_site(site)
    found = {
        "site_id": here["id"],
        "measure_code": "ramp",
        "outcome": "met",
        "evidence": [PHOTO, TEXT],
        "checked_on": "2026-10-01",
        "provenance": "illustrative",
    }

    first = (await send(site, checks=[found])).json()
    again = (await send(site, checks=[found])).json()
    faulty = await send(
        site,
        checks=[
            {**found, "site_id": "nowhere"},
            {**found, "measure_code": "nothing"},
            {**found, "evidence": []},
        ],
    )
    twice = await send(site, measures=[MEASURES[0], MEASURES[0]])
    whole = await site.client.get("/api/v1/elderly/report", params={"on": "2026-10-10"})

    assert (first["checks"], first["known"]) == (1, 0)
    assert (again["checks"], again["known"]) == (0, 1)
    assert [one["pointer"] for one in faulty.json()["errors"]] == [
        "/checks/0/site_id",
        "/checks/1/measure_code",
        "/checks/2/evidence",
    ]
    assert twice.status_code == 422
    told = whole.json()
    assert told["is_illustrative"] is True
    (mine,) = [one for one in told["sites"] if one["site_id"] == here["id"]]
    assert mine["score"] == 25.0
    assert mine["missing"] == ["green"]
    scores = [one["score"] or 0 for one in told["sites"]]
    assert scores == sorted(scores)
    # The measures of other tests' sites were checked, too: each site counts once.
    (ramp,) = [one for one in told["measures"] if one["code"] == "ramp"]
    assert sum(ramp[key] for key in ("met", "partly", "not_met", "expired", "unchecked")) == len(
        told["sites"]
    )


async def test_what_a_family_member_brings_is_told_once_for_a_visit(site: RunningService) -> None:
    await send(site)
    here = await open_site(site)
    code = new_code()
    await site.hear(matter_told(code, area="social_insurance"))
    pension = site_record(matters=[code])
    await import_sites(site, pension)
    citizen = site.district.headers("citizen", subject=f"citizen-{uuid4().hex}")

    plain = await site.client.get(
        f"/api/v1/sites/{here['id']}/family-authority", params={"matter_code": here["matter"]}
    )
    more = await site.client.get(
        f"/api/v1/sites/{pension['id']}/family-authority", params={"matter_code": code}
    )
    ticket = (await take_ticket(site, here)).json()
    path = f"/api/v1/tickets/{ticket['id']}/family-authority"
    staff = site.district.headers("clerk", site=here["id"])
    told = await site.client.post(path, headers=staff)
    await send(site, family_authority=[])
    again = await site.client.post(path, headers=staff)
    stranger = await site.client.post(path, headers=citizen)

    assert [one["code"] for one in plain.json()["bring"]] == ["own-id"]
    assert [one["code"] for one in more.json()["bring"]] == ["own-id", "kinship"]
    assert plain.json()["accepts_paper"] is True
    assert told.json()["sentences"] == ["请带上您本人的身份证。"]
    # What was told for this visit stays, whatever is changed later.
    assert again.json() == told.json()
    assert stranger.status_code == 404


async def test_cash_paper_and_what_was_begun_online_are_told_of_each_site(
    site: RunningService,
) -> None:
    here = await open_site(site)
    no_window = await open_site(site, windows=[])
    refuses = await open_site(site, continues_online=False, accepts_cash=False)

    async def continues(one: dict[str, Any]) -> bool:
        listed = await site.client.get(f"/api/v1/sites/{one['id']}/matters")
        found: bool = listed.json()["items"][0]["continues_online"]
        return found

    assert (here["accepts_cash"], here["accepts_paper"], here["continues_online"]) == (
        True,
        True,
        True,
    )
    assert await continues(here) is True
    assert await continues(no_window) is False
    assert await continues(refuses) is False
    assert refuses["accepts_cash"] is False


async def test_a_matter_loses_and_regains_its_counter_as_the_catalog_and_sites_change(
    site: RunningService,
) -> None:
    code = new_code()
    await site.hear(matter_told(code))

    async def is_missing() -> bool:
        listed = await site.client.get("/api/v1/coverage/offline")
        return code in {one["code"] for one in listed.json()}

    published = await is_missing()
    record = site_record(matters=[code])
    await import_sites(site, record)
    handled = await is_missing()
    await import_sites(site, {**record, "accepts_paper": False})
    paperless = await is_missing()
    await import_sites(site, {**record, "windows": []})
    kiosks_alone = await is_missing()
    await import_sites(site, record)
    assert await is_missing() is False
    await site.client.patch(
        f"/api/v1/sites/{record['id']}",
        json={"state": "closed", "reason": "装修"},
        headers=site.district.headers("admin"),
    )
    closed = await is_missing()
    await site.hear(matter_told(code, sequence=2, state="retired"))
    retired = await is_missing()

    assert (published, handled, closed, retired) == (True, False, True, False)
    assert (paperless, kiosks_alone) == (True, True)
