"""Helpers over HTTP: one goes along with a visit across windows, or comes home."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from httpx import Response
from sqlalchemy import select, text

from site_service.helpers.service import lapse_left_over
from site_service.helpers.tables import HomeVisit
from support.sites import act, call_next, open_site, take_ticket, window
from tongban.testing.fixtures import RunningService

NOW = datetime(2026, 10, 12, 2, 0, tzinfo=UTC)  # a Monday, 10:00 in Shanghai


@pytest.fixture(autouse=True)
def clock(site: RunningService) -> Iterator[list[datetime]]:
    """The service's clock, to be set."""
    now = [NOW]
    usual, site.context.clock = site.context.clock, lambda: now[0]
    yield now
    site.context.clock = usual


async def with_helpers(site: RunningService, **more: Any) -> dict[str, Any]:
    """Return a site where h1 and h2 are on duty all day, and h3 in the afternoon alone."""
    here = await open_site(site, windows=[window("A01"), window("A02")], **more)
    hours = {"h1": "Mo-Fr 09:00-17:00", "h2": "Mo-Fr 09:00-17:00", "h3": "Mo-Fr 13:00-17:00"}
    body = {
        "members": [{"subject": one, "name": f"帮办员{one}", "post": "helper"} for one in hours],
        "shifts": [
            {"subject": one, "hours": when, "valid_from": "2026-01-01"}
            for one, when in hours.items()
        ],
    }
    kept = await site.client.put(
        f"/api/v1/sites/{here['id']}/roster",
        json=body,
        headers=site.district.headers("site_manager", site=here["id"]),
    )
    assert kept.status_code == 200, kept.text
    return here


async def post(
    running: RunningService, path: str, body: Any = None, *, role: str = "clerk", **claims: Any
) -> Response:
    headers = {k: claims.pop(k) for k in ("If-Match",) if k in claims}
    return await running.client.post(
        f"/api/v1/{path}",
        json=body or {},
        headers={**running.district.headers(role, **claims), **headers},
    )


async def ticket_of(site: RunningService, here: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = await take_ticket(site, here, **more)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_never_two_helpers_on_one_visit_though_ten_ask_at_once(site: RunningService) -> None:
    here = await with_helpers(site)
    ticket = await ticket_of(site, here)
    other = await ticket_of(site, here)

    answers = await asyncio.gather(
        *(
            post(site, "accompaniments", {"ticket_id": ticket["id"]}, site=here["id"])
            for _ in range(10)
        )
    )
    begun = next(one.json() for one in answers if one.status_code == 201)
    # Nor one helper with two people.
    busy = await post(
        site,
        "accompaniments",
        {"ticket_id": other["id"], "helper": begun["helper"]},
        site=here["id"],
    )
    second = await post(site, "accompaniments", {"ticket_id": other["id"]}, site=here["id"])
    third = await ticket_of(site, here)
    nobody = await post(site, "accompaniments", {"ticket_id": third["id"]}, site=here["id"])
    off_duty = await post(
        site, "accompaniments", {"ticket_id": third["id"], "helper": "h3"}, site=here["id"]
    )

    assert sorted(one.status_code for one in answers) == [201] + [409] * 9
    refused = next(one.json() for one in answers if one.status_code == 409)
    assert refused["type"] == "urn:tongban:problem:already-accompanied"
    assert busy.json()["type"] == "urn:tongban:problem:helper-busy"
    assert {begun["helper"], second.json()["helper"]} == {"h1", "h2"}
    assert nobody.json()["type"] == "urn:tongban:problem:no-helper-free"
    assert off_duty.json()["type"] == "urn:tongban:problem:helper-not-on-duty"


async def test_a_helper_goes_from_window_to_window_hands_over_and_is_free_again(
    site: RunningService,
) -> None:
    here = await with_helpers(site)
    citizen = {"role": "citizen", "subject": f"citizen-{uuid4().hex}"}
    ticket = (
        await post(
            site,
            f"sites/{here['id']}/tickets",
            {"matter_code": here["matter"], "channel": "window", "birth_year": 1950},
            **citizen,
        )
    ).json()
    another = (
        await post(
            site,
            f"sites/{here['id']}/tickets",
            {"matter_code": here["matter"], "channel": "window"},
            **citizen,
        )
    ).json()

    begun = (await post(site, "accompaniments", {"ticket_id": ticket["id"]}, **citizen)).json()
    path = f"accompaniments/{begun['id']}"
    first = {"role": "helper", "subject": begun["helper"], "site": here["id"]}
    joined = await post(site, f"{path}/tickets", {"ticket_id": another["id"]}, **first)
    await post(site, f"{path}/steps", {"step": "guide"}, **first)
    twice = await post(site, f"{path}/steps", {"step": "guide"}, **first)
    stranger = await post(
        site, f"{path}/steps", {"step": "copy"}, role="helper", subject="h9", site=here["id"]
    )
    itself = await post(
        site, f"{path}/hand-over", {"helper": begun["helper"], "reason": "x"}, **first
    )
    stale = await post(
        site, f"{path}/hand-over", {"reason": "午休"}, **first, **{"If-Match": '"99"'}
    )
    handed = (await post(site, f"{path}/hand-over", {"reason": "午休"}, **first)).json()
    second = {"role": "helper", "subject": handed["helper"], "site": here["id"]}
    not_any_more = await post(site, f"{path}/steps", {"step": "copy"}, **first)
    await post(site, f"{path}/steps", {"step": "fill_in"}, **second)
    ended = (await post(site, f"{path}/end", {"note": "已办完"}, **second)).json()
    over = await post(site, f"{path}/steps", {"step": "print"}, **second)
    seen = await site.client.get(
        f"/api/v1/{path}", headers=site.district.headers("citizen", subject=citizen["subject"])
    )
    unseen = await site.client.get(
        f"/api/v1/{path}", headers=site.district.headers("citizen", subject="somebody")
    )
    free = await site.client.get(
        f"/api/v1/sites/{here['id']}/helpers",
        headers=site.district.headers("clerk", site=here["id"]),
    )

    assert ticket["is_helper_offered"] is True
    assert [one["id"] for one in joined.json()["tickets"]] == [ticket["id"], another["id"]]
    assert len(twice.json()["steps"]) == 1
    assert stranger.status_code == 403
    assert itself.json()["type"] == "urn:tongban:problem:helper-busy"
    assert stale.status_code == 412
    assert handed["helper"] != begun["helper"]
    assert handed["hand_overs"][0]["reason"] == "午休"
    assert not_any_more.status_code == 403
    assert ended["state"] == "ended"
    assert {one["step"]: one["helper"] for one in ended["steps"]} == {
        "guide": f"帮办员{begun['helper']}",
        "fill_in": f"帮办员{handed['helper']}",
    }
    assert ended["steps_left"] == ["copy", "print"]
    assert over.json()["type"] == "urn:tongban:problem:accompaniment-over"
    assert seen.status_code == 200
    assert unseen.status_code == 404
    assert not any(one["is_busy"] for one in free.json())


async def test_a_planned_helper_goes_along_from_check_in_through_every_window(
    site: RunningService, clock: list[datetime]
) -> None:
    here = await with_helpers(site)
    citizen = {"role": "citizen", "subject": f"citizen-{uuid4().hex}"}
    booked = (
        await post(
            site,
            "appointments",
            {
                "site_id": here["id"],
                "matter_codes": [here["matter"]],
                "starts_at": "2026-10-12T14:00:00+08:00",
            },
            **citizen,
        )
    ).json()
    body = {"appointment_id": booked["id"], "helper": "h3"}
    planned = (await post(site, "accompaniments", body, **citizen)).json()
    again = await post(site, "accompaniments", {"appointment_id": booked["id"]}, **citizen)
    early = await post(site, f"accompaniments/{planned['id']}/begin", site=here["id"])
    away = {"subject": "h3", "begins_at": NOW.isoformat(), "ends_at": "2026-10-12T14:10:00+08:00"}
    manager = {"role": "site_manager", "site": here["id"]}
    noted = (await post(site, f"sites/{here['id']}/absences", away, **manager)).json()
    back = await site.client.delete(
        f"/api/v1/sites/{here['id']}/absences/{noted['id']}",
        headers=site.district.headers("site_manager", site=here["id"]),
    )

    clock[0] = datetime(2026, 10, 12, 5, 45, tzinfo=UTC)
    checked_in = (await post(site, f"appointments/{booked['id']}/check-in", **citizen)).json()
    other = await post(
        site, "accompaniments", {"ticket_id": checked_in["ticket"]["id"]}, site=here["id"]
    )
    begun = await post(site, f"accompaniments/{planned['id']}/begin", site=here["id"])

    # Not on duty at ten, but at two, when the appointment is.
    assert planned["state"] == "planned"
    assert planned["helper"] == "h3"
    assert again.json()["type"] == "urn:tongban:problem:already-accompanied"
    assert early.json()["type"] == "urn:tongban:problem:visit-over"
    assert [(one["kind"], one["id"]) for one in noted["engagements"]] == [
        ("accompaniment", planned["id"])
    ]
    assert back.status_code == 204
    assert other.json()["type"] == "urn:tongban:problem:already-accompanied"
    assert begun.json()["state"] == "going"
    assert [one["id"] for one in begun.json()["tickets"]] == [checked_in["ticket"]["id"]]


async def test_what_nobody_ended_ends_with_its_day(
    site: RunningService, clock: list[datetime]
) -> None:
    here = await with_helpers(site)
    ticket = await ticket_of(site, here)
    begun = (
        await post(site, "accompaniments", {"ticket_id": ticket["id"]}, site=here["id"])
    ).json()

    clock[0] = NOW + timedelta(days=1)
    async with site.context.sessions.begin() as session:
        await lapse_left_over(session, site.context)

    listed = await site.client.get(
        "/api/v1/accompaniments",
        params={"site_id": here["id"], "state": "lapsed"},
        headers=site.district.headers("site_manager", site=here["id"]),
    )
    assert [one["id"] for one in listed.json()["items"]] == [begun["id"]]
    over = await post(site, "accompaniments", {"ticket_id": ticket["id"]}, site=here["id"])
    assert over.json()["type"] == "urn:tongban:problem:visit-over"


async def test_a_helper_comes_home_and_whose_it_is_stays_sealed(
    site: RunningService, clock: list[datetime]
) -> None:
    here = await with_helpers(site)
    citizen = {"role": "citizen", "subject": f"citizen-{uuid4().hex}"}
    asked = {
        "site_id": here["id"],
        "matter_codes": [here["matter"]],
        "needs": ["ill"],
        "name": "李秀英",
        "phone": "13812345678",
        "address": "丈八一路紫薇田园都市3号楼",
        "wanted_from": "2026-10-13",
        "wanted_until": "2026-10-14",
    }
    visit = (await post(site, "home-visits", asked, **citizen)).json()
    path = f"home-visits/{visit['id']}"
    when = {"starts_at": "2026-10-13T10:00:00+08:00", "helper": "h1"}

    off_duty = await post(site, f"{path}/schedule", {**when, "helper": "h3"}, site=here["id"])
    too_late = await post(
        site,
        f"{path}/schedule",
        {**when, "starts_at": "2026-10-15T10:00:00+08:00"},
        site=here["id"],
    )
    scheduled = await post(site, f"{path}/schedule", when, site=here["id"])
    second = (await post(site, "home-visits", asked, **citizen)).json()
    meets = await post(
        site,
        f"home-visits/{second['id']}/schedule",
        {**when, "starts_at": "2026-10-13T10:30:00+08:00"},
        site=here["id"],
    )
    away = await post(
        site,
        f"sites/{here['id']}/absences",
        {
            "subject": "h1",
            "begins_at": "2026-10-13T10:15:00+08:00",
            "ends_at": "2026-10-13T12:00:00+08:00",
        },
        role="site_manager",
        site=here["id"],
    )
    contact = {
        who: await site.client.get(
            f"/api/v1/{path}/contact",
            headers=site.district.headers("helper", subject=who, site=here["id"]),
        )
        for who in ("h1", "h2")
    }
    was_done = {"steps": ["guide", "fill_in"], "outcome": "材料已收，带回窗口办理"}
    by_helper = {"role": "helper", "subject": "h1", "site": here["id"]}
    ahead = await post(site, f"{path}/finish", was_done, **by_helper)
    clock[0] += timedelta(days=1)
    done = await post(site, f"{path}/finish", was_done, **by_helper)
    after = await post(site, f"{path}/cancel", **citizen)
    called_off = await post(site, f"home-visits/{second['id']}/cancel", **citizen)
    unseen = await site.client.get(
        f"/api/v1/{path}", headers=site.district.headers("citizen", subject="somebody")
    )

    assert visit["name"] == "李**"
    assert visit["phone"] == "138****5678"
    assert "address" not in visit
    assert off_duty.json()["type"] == "urn:tongban:problem:helper-not-on-duty"
    assert too_late.status_code == 422
    assert scheduled.json()["state"] == "scheduled"
    assert meets.json()["type"] == "urn:tongban:problem:helper-busy"
    assert [(one["kind"], one["id"]) for one in away.json()["engagements"]] == [
        ("home_visit", visit["id"])
    ]
    assert contact["h1"].json()["address"] == asked["address"]
    assert contact["h2"].status_code == 403
    assert ahead.json()["type"] == "urn:tongban:problem:home-visit-ahead"
    assert "2026-10-13 10:00" in ahead.json()["detail"]
    assert done.json()["state"] == "done"
    assert after.json()["type"] == "urn:tongban:problem:home-visit-action-not-allowed"
    assert called_off.json()["state"] == "cancelled"
    assert unseen.status_code == 404
    async with site.context.reads() as session:
        row = await session.scalar(select(HomeVisit).where(HomeVisit.id == visit["id"]))
        noted = await session.execute(
            text(
                "SELECT count(*) FROM ledger"
                " WHERE action = 'home_visit.read_full' AND subject = :id"
            ),
            {"id": visit["id"]},
        )
        told = await session.execute(
            text("SELECT payload::text FROM outbox WHERE aggregate = :of"),
            {"of": f"site.home_visit.{visit['id']}"},
        )
        events = [payload for (payload,) in told]
    assert row is not None
    assert "李秀英".encode() not in row.name
    assert noted.scalar_one() == 1
    assert len(events) == 3
    assert not any("李秀英" in each or "13812345678" in each for each in events)


async def test_a_home_visit_for_a_matter_not_done_there_is_told_where(site: RunningService) -> None:
    here, elsewhere = await with_helpers(site), await open_site(site)
    asked = {
        "site_id": here["id"],
        "matter_codes": [elsewhere["matter"]],
        "name": "李秀英",
        "phone": "13812345678",
        "address": "丈八一路",
        "wanted_from": "2026-10-13",
        "wanted_until": "2026-10-14",
    }

    refused = await post(site, "home-visits", asked, role="citizen")
    past = await post(
        site,
        "home-visits",
        {**asked, "matter_codes": [here["matter"]], "wanted_from": "2026-10-01"},
        role="citizen",
    )

    assert refused.status_code == 409
    assert refused.json()["other_sites"][0]["site_id"] == elsewhere["id"]
    assert past.status_code == 422


async def test_a_call_is_announced_and_the_matter_is_for_its_holder_alone(
    site: RunningService,
) -> None:
    here = await with_helpers(site)
    manager = site.district.headers("site_manager", site=here["id"])
    base = f"/api/v1/sites/{here['id']}"
    own = {"zh": ["请慢走。"], "en": ["Take your time."]}
    kept = await site.client.put(f"{base}/spoken-text", json=own, headers=manager)
    words = {"zh": ["请带好户口簿。"], "en": ["Please bring your family register."]}
    of_matter = await site.client.put(
        f"{base}/spoken-texts/{here['matter']}", json=words, headers=manager
    )
    faulty = await site.client.put(
        f"{base}/spoken-text", json={**own, "zh": ["请带证件（原件）。"]}, headers=manager
    )
    elsewhere = await site.client.put(
        f"{base}/spoken-texts/{'0' * 31}", json=words, headers=manager
    )
    listed = (await site.client.get(f"{base}/spoken-texts")).json()["items"]

    ticket = await ticket_of(site, here)
    called = (await call_next(site, here)).json()["ticket"]
    async with site.context.reads() as session:
        found = await session.execute(
            text("SELECT facts FROM queue_notes WHERE site_id = :id AND kind = 'called'"),
            {"id": here["id"]},
        )
        (facts,) = [row for (row,) in found]
    holder = await site.client.get(
        f"/api/v1/tickets/{ticket['id']}/spoken", headers=site.district.headers("clerk")
    )
    stranger = await site.client.get(
        f"/api/v1/tickets/{ticket['id']}/spoken",
        headers=site.district.headers("citizen", subject="somebody"),
    )
    await act(site, called, "serve")

    assert kept.json()["is_own"] is True
    assert of_matter.status_code == 200
    assert faulty.json()["errors"][0]["code"] == "sentence_brackets"
    assert elsewhere.json()["errors"][0]["code"] == "not_handled_here"
    assert [(one["zh"], one["is_own"]) for one in listed] == [(["请带好户口簿。"], True)]
    assert facts["spoken"]["zh"][0].startswith("请")
    assert facts["spoken"]["zh"][0].endswith("到A零一窗口。")
    assert facts["spoken"]["zh"][1:] == ["请慢走。"]
    assert "请带好户口簿。" in holder.json()["zh"]
    assert stranger.status_code == 404
