"""Licence decisions reach who supervises the holder, and the public, on time."""

from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import select

from case_service.app import SERVICE, create_app
from case_service.handovers.tables import Handover
from case_service.publications.tables import Publication
from support.case_world import know_site, person
from support.time_passing import TimePassing, at_nine
from tongban.testing.fixtures import RunningService

BODY = "高新区行政审批服务局"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own(run_service: Any) -> RunningService:
    """A case service of its own: its time is set here."""
    running: RunningService = await run_service(SERVICE, create_app)
    return running


@pytest_asyncio.fixture
async def world(own: RunningService) -> TimePassing:
    await know_site(own)
    return TimePassing(own)


async def issued(
    world: TimePassing, who: dict[str, Any] | None = None, **matter: Any
) -> tuple[str, str]:
    """Return the ids of a case and of the licence that it ended in."""
    code = await world.matter(materials=[], **matter)
    case_id = await world.counter.submitted(code, applicant=who or person())
    await world.counter.took(case_id, "receive")
    await world.counter.took(case_id, "accept")
    await world.counter.took(case_id, "review", "reviewer")
    await world.counter.took(case_id, "decide", "approver", outcome="granted")
    told = await world.counter.took(case_id, "issue")
    return case_id, str(told["licence_id"])


async def handovers(world: TimePassing, case_id: str) -> list[Handover]:
    async with world.running.context.sessions() as session:
        found = select(Handover).where(Handover.case_id == case_id).order_by(Handover.id)
        return list(await session.scalars(found))


async def publications(world: TimePassing, licence_id: str) -> list[Publication]:
    async with world.running.context.sessions() as session:
        found = select(Publication).where(Publication.licence_id == licence_id)
        return list(await session.scalars(found))


async def public(world: TimePassing, **query: str) -> list[dict[str, Any]]:
    answer = await world.running.client.get("/api/v1/publications", params=query)
    assert answer.status_code == 200
    return list(answer.json()["items"])


async def rescind(world: TimePassing, licence_id: str) -> httpx.Response:
    return await world.running.client.post(
        f"/api/v1/licences/{licence_id}/rescind",
        json={"ground": "fraud", "reason": "以欺骗手段取得"},
        headers=world.counter.headers("approver"),
    )


async def acknowledge(
    world: TimePassing, handover: Handover, *, department: str = BODY, role: str = "reviewer"
) -> httpx.Response:
    return await world.running.client.post(
        f"/api/v1/handovers/{handover.id}/acknowledge",
        json={"measure": "列入日常检查"},
        headers=world.running.district.headers(role, department=department),
    )


async def test_an_issue_is_handed_over_with_a_due_date(world: TimePassing) -> None:
    case_id, licence_id = await issued(world)

    [handover] = await handovers(world, case_id)

    assert str(handover.licence_id) == licence_id
    assert (handover.department, handover.decision.value) == (BODY, "granted")
    assert str(handover.due_on) == "2026-03-09"
    types = await world.running.outbox.types(str(handover.id))
    assert [one.split(".v")[0] for one in types] == ["case.handover.made"]


async def test_a_department_acknowledges_once(world: TimePassing) -> None:
    case_id, _ = await issued(world)
    [handover] = await handovers(world, case_id)

    first = await acknowledge(world, handover)
    again = await acknowledge(world, handover)
    await world.on("2026-03-20")

    assert (first.status_code, first.json()["state"]) == (200, "acknowledged")
    assert first.json()["measure"] == "列入日常检查"
    assert (again.status_code, again.json()["type"]) == (
        409,
        "urn:tongban:problem:handover-acknowledged",
    )
    assert "handover" not in [order.clock.value for order in await world.orders(case_id)]


async def test_another_department_sees_and_takes_nothing(world: TimePassing) -> None:
    case_id, _ = await issued(world)
    [handover] = await handovers(world, case_id)
    client, district = world.running.client, world.running.district

    refused = await acknowledge(world, handover, department="高新区税务局")
    theirs = await client.get(
        "/api/v1/handovers", headers=district.headers("reviewer", department="高新区税务局")
    )
    nobodys = await client.get("/api/v1/handovers", headers=district.headers("clerk"))
    ours = await client.get(
        "/api/v1/handovers?is_open=true",
        headers=district.headers("reviewer", department=BODY),
    )

    assert refused.status_code == 404
    assert theirs.json()["items"] == nobodys.json()["items"] == []
    assert str(handover.id) in [one["id"] for one in ours.json()["items"]]


async def test_the_list_goes_on_page_by_page(world: TimePassing) -> None:
    for _ in range(3):
        await issued(world)
    headers = world.running.district.headers("supervisor")

    first = await world.running.client.get("/api/v1/handovers?limit=2", headers=headers)
    rest = await world.running.client.get(
        f"/api/v1/handovers?limit=2&cursor={first.json()['next_cursor']}", headers=headers
    )

    seen = [one["id"] for one in first.json()["items"] + rest.json()["items"]]
    assert len(seen) >= 3
    assert seen == sorted(set(seen), reverse=True)


async def test_what_nobody_takes_over_raises_an_order_once(world: TimePassing) -> None:
    case_id, _ = await issued(world)

    await world.on("2026-03-09")
    before = [order.clock.value for order in await world.orders(case_id)]
    await world.on("2026-03-10")
    await world.on("2026-03-11")

    [handover] = await handovers(world, case_id)
    after = [order.clock.value for order in await world.orders(case_id)]
    assert "handover" not in before
    assert after.count("handover") == 1
    assert handover.state.value == "overdue"
    assert (await acknowledge(world, handover)).status_code == 200


async def test_a_decision_is_public_the_day_after_and_names_no_person(
    world: TimePassing,
) -> None:
    who = person(phone="13800000000")
    _, licence_id = await issued(world, who)
    [waiting] = await publications(world, licence_id)
    assert waiting.licence_number not in [one["licence_number"] for one in await public(world)]

    await world.on("2026-03-03")

    [told] = [one for one in await public(world) if one["licence_number"] == waiting.licence_number]
    assert told["holder"] == "黄**"
    assert told["published_at"][:10] <= str(waiting.due_on) == "2026-03-11"
    for secret in (who["name"], who["identity_number"], who["phone"]):
        assert secret not in str(told)


async def test_only_licences_are_published(world: TimePassing) -> None:
    case_id, licence_id = await issued(world, matter_type="confirmation")

    assert await publications(world, licence_id) == []
    assert len(await handovers(world, case_id)) == 1


@pytest.mark.parametrize("is_public", [True, False])
async def test_what_is_rescinded_is_taken_down(world: TimePassing, is_public: bool) -> None:
    case_id, licence_id = await issued(world)
    if is_public:
        await world.on("2026-03-03")

    assert (await rescind(world, licence_id)).status_code == 200
    world.at = at_nine("2026-03-04")
    await world.on("2026-03-04")

    [publication] = await publications(world, licence_id)
    assert publication.state.value == "withdrawn"
    assert publication.licence_number not in [one["licence_number"] for one in await public(world)]
    assert [one.decision.value for one in await handovers(world, case_id)] == [
        "granted",
        "rescinded",
    ]
    types = await world.running.outbox.types(str(publication.id))
    assert len(types) == (2 if is_public else 0)
