"""What is applied for twice is told, and what has to do with a case is found."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest_asyncio

from support.case_world import Counter, know_matter, know_site, person
from tongban import db
from tongban.testing.fixtures import RunningService


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def counter(case: RunningService) -> Counter:
    await know_site(case)
    return Counter(case)


def kind(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["type"].rpartition(":")[2])


async def related(
    counter: Counter, case_id: str, headers: dict[str, str] | None = None
) -> dict[str, dict[str, Any]]:
    answer = await counter.case.client.get(
        f"/api/v1/cases/{case_id}/related", headers=headers or counter.headers()
    )
    assert answer.status_code == 200, answer.text
    return {one["id"]: one for one in answer.json()}


async def test_an_open_application_is_not_repeated_unless_it_is_meant(counter: Counter) -> None:
    code, applicant = await know_matter(counter.case), person()
    first = await counter.submit(code, applicant=applicant)

    again = await counter.submit(code, applicant=applicant)
    meant = await counter.submit(code, applicant=applicant, confirm_duplicate=True)
    other = await counter.submit(await know_matter(counter.case), applicant=applicant)
    await counter.took(first.json()["id"], "withdraw")
    anew = await counter.submit(code, applicant=applicant)

    assert kind(again) == (409, "duplicate-application")
    assert first.json()["number"] in again.json()["detail"]
    assert again.json()["confirm"] == "confirm_duplicate"
    assert [one.status_code for one in (meant, other, anew)] == [201, 201, 201]
    reopened = await counter.act(
        first.json()["id"], "reopen", "supervisor", reason="督办", order_number="1"
    )
    assert reopened.status_code == 200


async def test_of_several_presses_at_once_one_makes_a_case(counter: Counter) -> None:
    code, applicant = await know_matter(counter.case), person()

    answers = await asyncio.gather(
        *(
            counter.submit(
                code,
                applicant=applicant,
                headers={**counter.headers(), "Idempotency-Key": str(uuid4())},
            )
            for _ in range(4)
        )
    )

    assert sorted(one.status_code for one in answers) == [201, 409, 409, 409]
    (made,) = [one.json() for one in answers if one.status_code == 201]
    assert all(made["number"] in one.json()["detail"] for one in answers if one.status_code == 409)
    assert await counter.case.outbox.types(made["id"]) == ["case.case.submitted"]


async def test_who_types_anothers_number_is_not_told_his_case(counter: Counter) -> None:
    code, applicant = await know_matter(counter.case), person()
    first = await counter.submit(code, applicant=applicant)
    stranger = counter.case.district.headers("citizen", subject=f"citizen-{uuid4().hex[:8]}")

    answer = await counter.submit(code, applicant=applicant, headers=stranger)

    assert kind(answer) == (409, "duplicate-application")
    assert first.json()["number"] not in answer.text


async def test_the_look_costs_a_submission_no_statement(counter: Counter) -> None:
    code = await know_matter(counter.case)
    await counter.submit(code)
    before = db.STATEMENTS._value.get()

    answer = await counter.submit(code)

    assert answer.status_code == 201
    assert db.STATEMENTS._value.get() - before <= 2


async def test_what_has_to_do_with_a_case_is_told_with_why(counter: Counter) -> None:
    code, applicant = await know_matter(counter.case), person()
    place = {"premises": f"唐延路{uuid4().int % 10**9}号"}
    one = await counter.submitted(code, applicant=applicant, form=place, life_event="open-shop")
    spaced = {"premises": " ".join(place["premises"])}
    same_place = await counter.submitted(code, form=spaced)
    twice = await counter.submitted(
        code, applicant=applicant, life_event="open-shop", confirm_duplicate=True
    )
    elsewhere = await counter.submitted(
        await know_matter(counter.case), applicant=applicant, form={"premises": "别处"}
    )
    await counter.submitted(code)
    owner = counter.case.district.headers("citizen", subject="nobody-of-these")

    found = await related(counter, one)
    hidden = await counter.case.client.get(f"/api/v1/cases/{one}/related", headers=owner)

    assert {key: value["relations"] for key, value in found.items()} == {
        same_place: ["premises"],
        twice: ["applicant", "matter", "life_event"],
        elsewhere: ["applicant"],
    }
    assert [key for key, value in found.items() if value["is_duplicate"]] == [twice]
    assert list(found) == [elsewhere, twice, same_place]
    assert kind(hidden) == (404, "case-not-found")
