"""A draft is one record, online, at a window and at a kiosk; handed in it is the case."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio

from case_service.drafts.service import DRAFT_DUTY
from case_service.drafts.tables import Draft
from case_service.duty import run_due
from case_service.materials.collecting import collect_unreferenced
from support.case_world import PDF, SITE, Counter, know_matter, know_site, person
from tongban.testing.fixtures import RunningService


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def counter(case: RunningService) -> Counter:
    await know_site(case)
    return Counter(case)


def citizen(counter: Counter) -> dict[str, str]:
    return counter.case.district.headers("citizen", subject=f"citizen-{uuid4().hex[:8]}")


async def begun(
    counter: Counter, headers: dict[str, str], **content: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a fresh draft, and the applicant that it is about."""
    applicant = person()
    told = {"matter_code": await know_matter(counter.case), "applicant": applicant, **content}
    answer = await counter.case.client.post("/api/v1/drafts", json=told, headers=headers)
    assert answer.status_code == 201, answer.text
    return dict(answer.json()), applicant


async def resume(counter: Counter, headers: dict[str, str], **how: str) -> httpx.Response:
    return await counter.case.client.post("/api/v1/drafts/resume", json=how, headers=headers)


async def save(
    counter: Counter, draft: dict[str, Any], headers: dict[str, str], **content: Any
) -> httpx.Response:
    return await counter.case.client.put(
        f"/api/v1/drafts/{draft['id']}",
        json={"applicant": draft["content"]["applicant"], **content},
        headers={**headers, "If-Match": f'"{draft["version"]}"'},
    )


async def hand_in(
    counter: Counter, draft: dict[str, Any], headers: dict[str, str], **body: Any
) -> httpx.Response:
    return await counter.case.client.post(
        f"/api/v1/drafts/{draft['id']}/submit", json=body, headers=headers
    )


async def code_of(counter: Counter, draft: dict[str, Any], headers: dict[str, str]) -> str:
    made = await counter.case.client.post(f"/api/v1/drafts/{draft['id']}/code", headers=headers)
    assert made.status_code == 201
    return str(made.json()["code"])


def kind(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["type"].rpartition(":")[2])


async def test_begun_at_home_it_goes_on_at_the_window_and_back_and_is_the_case(
    counter: Counter,
) -> None:
    home, window = citizen(counter), counter.headers()
    draft, applicant = await begun(counter, home)

    unseen = await counter.case.client.get(f"/api/v1/drafts/{draft['id']}", headers=window)
    taken = await resume(
        counter, window, number=draft["number"], identity_number=applicant["identity_number"]
    )
    saved = await save(counter, taken.json(), window, form={"premises": "唐延路1号"})
    stale = await save(counter, draft, home, form={})
    back = await counter.case.client.get(f"/api/v1/drafts/{draft['id']}", headers=home)
    case = await hand_in(counter, draft, home)
    again = await hand_in(counter, draft, home)

    assert kind(unseen) == (404, "draft-not-found")
    assert taken.json()["id"] == draft["id"]
    assert saved.status_code == 200
    assert kind(stale) == (412, "stale-version")
    assert back.json()["content"]["form"] == {"premises": "唐延路1号"}
    assert back.json()["last_site_id"] == "hitech-hall"
    assert case.status_code == 201, case.text
    assert (case.json()["id"], case.json()["number"]) == (draft["id"], draft["number"])
    assert case.json()["stage"] == "submitted"
    assert kind(again) == (409, "draft-over")
    async with counter.case.context.sessions() as session:
        row = await session.get(Draft, UUID(draft["id"]))
    assert row is not None
    assert (row.sealed_body, row.identity_index, row.next_due_at) == (b"", None, None)


async def test_begun_at_the_window_it_goes_on_at_home_by_a_code_that_works_once(
    counter: Counter,
) -> None:
    window, home = counter.headers(), citizen(counter)
    draft, applicant = await begun(counter, window, form={"premises": "科技路2号"})
    spent = await code_of(counter, draft, window)
    code = await code_of(counter, draft, window)

    older = await resume(counter, home, code=spent)
    by_number = await resume(
        counter, home, number=draft["number"], identity_number=applicant["identity_number"]
    )
    first, second = await asyncio.gather(
        resume(counter, home, code=code.lower()), resume(counter, citizen(counter), code=code)
    )
    mine = await counter.case.client.get("/api/v1/me/drafts", headers=home)

    assert kind(older) == (404, "draft-not-found")
    assert kind(by_number) == (403, "not-allowed")
    assert sorted([first.status_code, second.status_code]) == [200, 404]
    if first.status_code == 200:
        assert [one["number"] for one in mine.json()["items"]] == [draft["number"]]
        case = await hand_in(counter, draft, home, channel="kiosk")
        assert (case.status_code, case.json()["channel"]) == (201, "kiosk")


async def test_a_clerk_hands_it_in_and_it_stays_the_applicants(counter: Counter) -> None:
    home, window = citizen(counter), counter.headers()
    draft, _ = await begun(counter, home, form={"premises": "唐延路1号"})
    await resume(counter, window, code=await code_of(counter, draft, home))

    case = await hand_in(counter, draft, window, site_id="hitech-hall")
    seen = await counter.case.client.get(f"/api/v1/cases/{draft['id']}", headers=home)

    assert (case.status_code, case.json()["channel"]) == (201, "window")
    assert seen.status_code == 200


async def test_what_is_not_filled_in_is_told_at_its_place_and_nothing_is_lost(
    counter: Counter,
) -> None:
    home = citizen(counter)
    draft, _ = await begun(counter, home, applicant={"kind": "person", "name": "黄先生"})

    bare = await hand_in(counter, draft, home)
    kept = await counter.case.client.get(f"/api/v1/drafts/{draft['id']}", headers=home)
    saved = await save(counter, {**draft, "content": {"applicant": person()}}, home)
    formless = await hand_in(counter, saved.json(), home)

    assert kind(bare) == (422, "form-incomplete")
    assert [one["pointer"] for one in bare.json()["errors"]] == ["/applicant"]
    assert kept.json()["state"] == "open"
    assert kept.json()["content"]["applicant"]["name"] == "黄先生"
    assert [one["pointer"] for one in formless.json()["errors"]] == ["/form/premises"]


async def test_whoever_guesses_is_held_up(counter: Counter) -> None:
    home, window = citizen(counter), counter.headers()
    draft, _ = await begun(counter, home)

    guesses = [
        await resume(counter, window, number=draft["number"], identity_number=f"61010119600101{i}")
        for i in range(6)
    ]
    both = await resume(counter, window, number=draft["number"])

    assert [one.status_code for one in guesses] == [404] * 5 + [429]
    assert both.status_code == 422


async def test_whoever_guesses_at_once_keeps_no_connection_from_the_others(
    counter: Counter,
) -> None:
    many = 3 * counter.case.settings.api_pool
    guessing = [citizen(counter) for _ in range(many)]

    guesses = await asyncio.wait_for(
        asyncio.gather(*(resume(counter, one, code="ABCD2345") for one in guessing)), 8
    )
    again = [kind(await resume(counter, guessing[0], code="ABCD2345")) for _ in range(5)]

    assert [one.status_code for one in guesses] == [404] * many
    assert again == [(404, "draft-not-found")] * 4 + [(429, "too-many-tries")]


async def test_what_nobody_goes_on_with_is_forgotten(counter: Counter) -> None:
    home, context = citizen(counter), counter.case.context
    draft, _ = await begun(counter, home)
    thrown, _ = await begun(counter, home)
    gone = await counter.case.client.delete(f"/api/v1/drafts/{thrown['id']}", headers=home)
    clock = context.clock
    context.clock = lambda: datetime.now(UTC) + timedelta(days=31)
    try:
        while await run_due(context, DRAFT_DUTY):
            pass
    finally:
        context.clock = clock

    after = await counter.case.client.get(f"/api/v1/drafts/{draft['id']}", headers=home)
    late = await save(counter, {**draft, "version": after.json()["version"]}, home)

    assert gone.status_code == 204
    assert (after.json()["state"], after.json()["content"]) == ("expired", {})
    assert kind(late) == (409, "draft-over")
    assert (await counter.case.client.get("/api/v1/me/drafts", headers=home)).json()["items"] == []


@pytest.mark.parametrize("role", ["reviewer", "ops"])
async def test_others_fill_in_no_drafts(counter: Counter, role: str) -> None:
    answer = await counter.case.client.post(
        "/api/v1/drafts", json={"matter_code": "x"}, headers=counter.headers(role)
    )

    assert answer.status_code == 403


async def add_file(
    counter: Counter, draft: dict[str, Any], headers: dict[str, str], key: str = "plan"
) -> httpx.Response:
    return await counter.case.client.post(
        f"/api/v1/drafts/{draft['id']}/materials",
        data={"key": key},
        files={"file": ("平面图.pdf", PDF)},
        headers=headers,
    )


async def test_its_files_are_kept_and_are_the_cases_once_it_is_handed_in(counter: Counter) -> None:
    home, window, client = citizen(counter), counter.headers(), counter.case.client
    draft, applicant = await begun(counter, home, form={"premises": "唐延路1号"})
    place = f"/api/v1/drafts/{draft['id']}/materials"
    first, twice = [(await add_file(counter, draft, home)).json() for _ in range(2)]

    unknown = await add_file(counter, draft, home, key="coffee")
    strangers = await add_file(counter, draft, window)
    removed = await client.delete(f"{place}/{twice['id']}", headers=home)
    resumed = await resume(
        counter, window, number=draft["number"], identity_number=applicant["identity_number"]
    )
    read = await client.get(f"{place}/{first['id']}/content", headers=window)
    case = await hand_in(counter, draft, window, site_id=SITE, channel="window")

    assert (kind(unknown), kind(strangers)) == ((422, "material-unknown"), (404, "draft-not-found"))
    assert removed.status_code == 204
    assert [one["id"] for one in resumed.json()["files"]] == [first["id"]]
    assert read.content == PDF
    (plan,) = case.json()["materials"]
    assert (plan["is_missing"], [one["id"] for one in plan["files"]]) == (False, [first["id"]])
    content = await client.get(
        f"/api/v1/cases/{draft['id']}/materials/{first['id']}/content", headers=window
    )
    assert content.content == PDF
    left = await counter.case.execute(
        "SELECT count(*) FROM draft_materials WHERE draft_id = :id", id=UUID(draft["id"])
    )
    assert left.scalar() == 0


async def test_what_is_kept_with_a_draft_is_not_collected_until_it_is_forgotten(
    counter: Counter,
) -> None:
    home = citizen(counter)
    draft, _ = await begun(counter, home)
    kept = (await add_file(counter, draft, home)).json()
    of_it = (
        "SELECT condemned_at FROM contents JOIN draft_materials ON content_id = contents.id"
        " WHERE draft_materials.id = :id"
    )
    context, before = counter.case.context, counter.case.context.clock
    context.clock = lambda: before() + timedelta(days=3)
    try:
        async with context.sessions.begin() as session:
            await collect_unreferenced(session, context)
        held = (await counter.case.execute(of_it, id=UUID(kept["id"]))).scalar()
    finally:
        context.clock = before
    gone = await counter.case.client.delete(f"/api/v1/drafts/{draft['id']}", headers=home)
    left = await counter.case.execute(
        "SELECT count(*) FROM draft_materials WHERE draft_id = :id", id=UUID(draft["id"])
    )

    assert (held, gone.status_code, left.scalar()) == (None, 204, 0)
