"""Work lists: whose work is listed, the most urgent first, and nobody else's."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_service.cases.rules import FINAL, TRANSITIONS, Action, Stage
from case_service.cases.work import MOVING, stages_waiting_for
from support.case_world import Counter, know_matter, know_site, person
from tongban.db import STATEMENTS
from tongban.identity import Role
from tongban.testing.fixtures import RunningService


@pytest.fixture
async def hall(case: RunningService) -> Counter:
    """A window at a site of its own, so that its lists hold this test's cases alone."""
    site = f"hall-{uuid4().hex[:8]}"
    await know_site(case, site)
    return Counter(case, site=site)


async def listed(
    hall: Counter, scope: str, role: str = "clerk", /, subject: str | None = None, **asked: Any
) -> list[dict[str, Any]]:
    headers = hall.headers(role, **({"subject": subject} if subject else {}))
    answer = await hall.case.client.get(f"/api/v1/worklists/{scope}", params=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def ids(items: list[dict[str, Any]]) -> list[str]:
    return [one["id"] for one in items]


@given(st.sets(st.sampled_from(list(Role))))
def test_a_stage_waits_for_a_role_that_can_move_it_on_and_no_finished_one_waits(
    roles: set[Role],
) -> None:
    waiting = stages_waiting_for(roles)

    assert FINAL.isdisjoint(waiting)
    for stage in Stage:
        can = stage not in FINAL and any(
            (stage, action) in TRANSITIONS
            and not roles.isdisjoint(TRANSITIONS[stage, action].roles)
            for action in MOVING
        )
        assert (stage in waiting) is can


async def test_a_line_tells_names_light_and_what_can_be_done(hall: Counter) -> None:
    case_id = await hall.received()

    (line,) = await listed(hall, "site")

    assert line["id"] == case_id
    assert line["stage_name"] == {"zh-CN": "已收件，等待受理", "en": "received, to be accepted"}
    assert line["light"] == "green"
    assert line["due_on"] is not None
    assert {"accept", "decline", "claim"} <= set(line["actions"])
    assert "review" not in line["actions"]


async def test_what_is_claimed_is_mine_and_waits_for_nobody_else(hall: Counter) -> None:
    case_id = await hall.submitted()
    colleague = f"clerk-{uuid4().hex[:8]}"
    assert case_id in ids(await listed(hall, "role"))

    await hall.took(case_id, "claim")

    assert ids(await listed(hall, "mine")) == [case_id]
    assert case_id not in ids(await listed(hall, "role"))
    assert await listed(hall, "mine", subject=colleague) == []
    (seen,) = await listed(hall, "site", subject=colleague)
    assert seen["assigned_to"] == hall.clerk
    assert "receive" not in seen["actions"]
    refused = await hall.act(case_id, "receive", headers=hall.headers("clerk", subject=colleague))
    assert (refused.status_code, refused.json()["type"]) == (
        409,
        "urn:tongban:problem:assigned-to-another",
    )


async def test_of_two_who_claim_at_once_one_gets_it(hall: Counter) -> None:
    case_id = await hall.submitted()
    rivals = [f"clerk-{uuid4().hex[:8]}" for _ in range(6)]

    answers = await asyncio.gather(
        *(
            hall.act(case_id, "claim", headers=hall.headers("clerk", subject=rival))
            for rival in rivals
        )
    )

    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 5]


async def test_work_is_assigned_and_handed_over_with_a_reason(hall: Counter) -> None:
    case_id = await hall.submitted()
    other = f"clerk-{uuid4().hex[:8]}"

    await hall.took(case_id, "assign", "site_manager", assignee=hall.clerk)
    unsaid = await hall.act(case_id, "hand_over", assignee=other)
    await hall.took(case_id, "hand_over", assignee=other, reason="休假")
    theirs = await listed(hall, "mine", subject=other)
    not_mine = await hall.act(case_id, "hand_over", reason="x")
    await hall.took(
        case_id, "hand_over", headers=hall.headers("clerk", subject=other), reason="退回"
    )

    assert unsaid.status_code == 422
    assert unsaid.json()["errors"][0]["pointer"] == "/reason"
    assert ids(theirs) == [case_id]
    assert not_mine.status_code == 409
    assert case_id in ids(await listed(hall, "role"))


async def test_an_assignment_lasts_for_the_step(hall: Counter) -> None:
    case_id = await hall.submitted()
    await hall.took(case_id, "claim")
    assert (await hall.upload(case_id)).status_code == 201

    await hall.took(case_id, "receive")

    (line,) = await listed(hall, "site")
    assert line["assigned_to"] is None


async def test_the_most_urgent_comes_first_and_pages_join(hall: Counter) -> None:
    days = {"late": -3, "soon": 2, "later": 9}
    due: dict[str, str] = {}
    for name, away in days.items():
        due[name] = await hall.submitted()
        await hall.case.execute(
            "UPDATE cases SET work_due_on = :day WHERE id = :id",
            id=due[name],
            day=(datetime.now(UTC) + timedelta(days=away)).date(),
        )
    undated = await hall.submitted()
    headers = hall.headers("clerk")

    whole = await listed(hall, "site")
    pages, cursor = [], None
    for _ in range(4):
        params = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        answer = await hall.case.client.get(
            "/api/v1/worklists/site", params=params, headers=headers
        )
        pages += ids(answer.json()["items"])
        cursor = answer.json()["next_cursor"]

    assert ids(whole) == [due["late"], due["soon"], due["later"], undated]
    assert pages == ids(whole)
    assert cursor is None


async def test_a_department_and_a_site_see_their_own(hall: Counter) -> None:
    case_id = await hall.submitted()
    department = (await listed(hall, "site"))[0]["department"]
    nobody = await hall.case.client.get(
        "/api/v1/worklists/department", headers=hall.case.district.headers("reviewer")
    )
    foreign = await hall.case.client.get(
        "/api/v1/worklists/site", params={"site_id": "elsewhere"}, headers=hall.headers("clerk")
    )
    nowhere = await hall.case.client.get(
        "/api/v1/worklists/site", headers=hall.case.district.headers("reviewer")
    )

    seen = await hall.case.client.get(
        "/api/v1/worklists/department",
        headers=hall.headers("clerk", department=department),
        params={"limit": 100},
    )

    assert case_id in ids(seen.json()["items"])
    assert (nobody.status_code, foreign.status_code, nowhere.status_code) == (409, 403, 422)


@pytest.mark.parametrize("by", ["number", "name", "spaced name", "phone"])
async def test_a_case_is_found_by_what_people_know(hall: Counter, by: str) -> None:
    name, phone = f"欧阳{uuid4().hex[:6]}", f"139{uuid4().int % 10**8:08}"
    case_id = await hall.submitted(applicant={**person(name=name), "phone": phone})
    number = (await listed(hall, "site"))[0]["number"]
    sought = {
        "number": number,
        "name": name,
        "spaced name": f"{name[:2]} {name[2:].upper()}",
        "phone": phone[-4:],
    }[by]

    found = await listed(hall, "site", q=sought)
    elsewhere = Counter(hall.case, site="another-site")
    hidden = await listed(elsewhere, "site", q=sought)

    assert case_id in ids(found)
    assert case_id not in ids(hidden)


async def test_only_unfinished_ones_are_found_unless_all_are_asked_for(hall: Counter) -> None:
    name = f"上官{uuid4().hex[:6]}"
    case_id = await hall.submitted(applicant=person(name=name))
    await hall.took(case_id, "withdraw")

    assert await listed(hall, "site", q=name) == []
    assert ids(await listed(hall, "site", q=name, open=False)) == [case_id]
    assert await listed(hall, "site") == []


async def test_a_list_costs_two_statements_however_long_it_is(hall: Counter) -> None:
    code = await know_matter(hall.case)
    costs = []
    for _ in range(2):
        for _ in range(5):
            await hall.submitted(code)
        before = float(STATEMENTS._value.get())
        assert await listed(hall, "site", limit=100)
        costs.append(float(STATEMENTS._value.get()) - before)

    assert costs[0] == costs[1] <= 2


def test_nobody_works_at_what_is_finished() -> None:
    assert not [stage for stage in FINAL if (stage, Action.CLAIM) in TRANSITIONS]
